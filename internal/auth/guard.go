package auth

import (
	"sync"
	"time"
)

// guard slows down guessing, by account and by address: after five wrong
// passwords each further one costs a wait that doubles, up to fifteen minutes.
// It slows and never locks, so that nobody can be locked out at night by a
// stranger for longer than that. It lives in memory: a restart forgives.
type guard struct {
	mu   sync.Mutex
	seen map[string]*misses
}

type misses struct {
	n    int
	last time.Time
}

const (
	freeTries   = 5
	longestWait = 15 * time.Minute
	maxSeen     = 10_000
)

func newGuard() *guard { return &guard{seen: map[string]*misses{}} }

// enter counts an attempt before its password is looked at: of a thousand that
// come at the same moment, only the free ones may try. A wait above zero means
// that this one may not.
func (g *guard) enter(login, ip string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := max(g.left("login "+login, now, freeTries), g.left("ip "+ip, now, 4*freeTries)); wait > 0 {
		return wait
	}
	g.miss("login "+login, now)
	g.miss("ip "+ip, now)
	return 0
}

func (g *guard) left(key string, now time.Time, free int) time.Duration {
	m := g.seen[key]
	if m == nil || m.n < free {
		return 0
	}
	pause := longestWait
	if over := m.n - free; over < 10 {
		pause = min(pause, time.Second<<over)
	}
	return max(0, pause-now.Sub(m.last))
}

func (g *guard) miss(key string, now time.Time) {
	m := g.seen[key]
	if m == nil || now.Sub(m.last) > time.Hour {
		g.makeRoom(now)
		m = &misses{}
		g.seen[key] = m
	}
	m.n++
	m.last = now
}

// makeRoom keeps the memory bounded whatever names a stranger invents: what is
// old goes first, then whatever was heard of least lately.
func (g *guard) makeRoom(now time.Time) {
	if len(g.seen) < maxSeen {
		return
	}
	oldest, at := "", now
	for k, m := range g.seen {
		switch {
		case now.Sub(m.last) > longestWait:
			delete(g.seen, k)
		case oldest == "" || m.last.Before(at):
			oldest, at = k, m.last
		}
	}
	if len(g.seen) >= maxSeen {
		delete(g.seen, oldest)
	}
}

// right takes the attempt back, and forgives the account what came before. The
// address keeps its other misses: one good account there proves nothing of the
// next.
func (g *guard) right(login, ip string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.seen, "login "+login)
	if m := g.seen["ip "+ip]; m != nil && m.n > 0 {
		m.n--
	}
}
