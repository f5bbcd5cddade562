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

func (g *guard) wait(login, ip string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.left("login "+login, now, freeTries), g.left("ip "+ip, now, 4*freeTries))
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

func (g *guard) wrong(login, ip string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.seen) >= maxSeen {
		for k, m := range g.seen {
			if now.Sub(m.last) > longestWait {
				delete(g.seen, k)
			}
		}
	}
	for _, key := range []string{"login " + login, "ip " + ip} {
		m := g.seen[key]
		if m == nil || now.Sub(m.last) > time.Hour {
			m = &misses{}
			g.seen[key] = m
		}
		m.n++
		m.last = now
	}
}

func (g *guard) right(login string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.seen, "login "+login)
}
