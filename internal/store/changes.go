package store

import (
	"context"
	"sync"
)

// changes tells listeners that something was committed, here or by another
// node. It may leave out commits, never the last one.
type changes struct {
	mu   sync.Mutex
	all  map[chan struct{}]struct{}
	done bool
}

func newChanges() *changes { return &changes{all: map[chan struct{}]struct{}{}} }

func (c *changes) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.all {
		select {
		case ch <- struct{}{}:
		default: // it has not yet looked at the last one
		}
	}
}

func (c *changes) add(ch chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.done {
		c.all[ch] = struct{}{}
	}
	return !c.done
}

func (c *changes) remove(ch chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.all[ch]; ok {
		delete(c.all, ch)
		close(ch)
	}
}

func (c *changes) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	for ch := range c.all {
		delete(c.all, ch)
		close(ch)
	}
}

// Changes receives something after commits of any node, until ctx ends or the
// store is closed; then the channel is closed. After a lost connection to
// PostgreSQL it receives once more, because something may have been missed.
func (s *Store) Changes(ctx context.Context) <-chan struct{} {
	ch := make(chan struct{}, 1)
	if !s.change.add(ch) {
		close(ch)
		return ch
	}
	context.AfterFunc(ctx, func() { s.change.remove(ch) })
	return ch
}
