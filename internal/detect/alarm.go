package detect

import (
	"container/heap"
	"time"
)

// alarm is something that the loop does at a time. Each task owns a few and
// sets them again and again, so arming allocates nothing.
type alarm struct {
	at    time.Time
	fire  func(now time.Time)
	place int // in the heap, from 1; 0 is unarmed
}

// alarms orders armed alarms by time.
type alarms []*alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i+1, j+1
}

// Push is heap.Interface's.
func (a *alarms) Push(x any) {
	x.(*alarm).place = len(*a) + 1
	*a = append(*a, x.(*alarm))
}

// Pop is heap.Interface's.
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*a = old[:len(old)-1]
	last.place = 0
	return last
}

func (a *alarms) set(x *alarm, at time.Time) {
	x.at = at
	if x.place > 0 {
		heap.Fix(a, x.place-1)
		return
	}
	heap.Push(a, x)
}

func (a *alarms) clear(x *alarm) {
	if x.place > 0 {
		heap.Remove(a, x.place-1)
	}
}

// due takes the next alarm whose time has come, or nil.
func (a *alarms) due(now time.Time) *alarm {
	if len(*a) == 0 || (*a)[0].at.After(now) {
		return nil
	}
	return heap.Pop(a).(*alarm)
}
