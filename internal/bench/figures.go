package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// figures are measured times.
type figures struct {
	mu  sync.Mutex
	all []time.Duration
}

func (f *figures) add(d time.Duration) {
	f.mu.Lock()
	f.all = append(f.all, d)
	f.mu.Unlock()
}

// quantile is the time that a share q of all stayed below.
func (f *figures) quantile(q float64) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == 0 {
		return 0
	}
	slices.Sort(f.all)
	return f.all[min(len(f.all)-1, int(q*float64(len(f.all))))]
}

func (f *figures) n() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.all)
}

// ms writes a time in milliseconds with three figures or so.
func ms(d time.Duration) string {
	v := d.Seconds() * 1000
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func rate(v float64) string { return fmt.Sprintf("%.0f", v) }
