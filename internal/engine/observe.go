package engine

import (
	"time"

	"tocsin/internal/core/notification"
)

// Observer hears of everything worth counting. Its methods must not block.
type Observer interface {
	Committed(requests, facts int, took time.Duration)
	Conflict()
	StoreAway()
	Woke(late time.Duration)
	Sent(s notification.Send, a Attempt, after time.Duration)
	Defect()
}

type silent struct{}

func (silent) Committed(int, int, time.Duration)              {}
func (silent) Conflict()                                      {}
func (silent) StoreAway()                                     {}
func (silent) Woke(time.Duration)                             {}
func (silent) Sent(notification.Send, Attempt, time.Duration) {}
func (silent) Defect()                                        {}
