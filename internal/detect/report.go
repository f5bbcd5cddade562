package detect

import (
	"context"
	"time"
)

func (l *loop) queueReport(t *task) {
	if t.reported || l.telling[t.check.ID] || t.untold == nil {
		return // it is queued, or the end of the running report will see it
	}
	t.reported = true
	l.reports = append(l.reports, t)
}

// tell hands the latest result to the Sink, beside the loop.
func (l *loop) tell(t *task) {
	p := t.untold
	l.telling[t.check.ID] = true
	l.others.Add(1)
	go func() {
		defer l.others.Done()
		ctx, cancel := context.WithTimeout(l.ctx, sinkTimeout)
		defer cancel()
		next, err := l.s.Sink.Probed(ctx, *p)
		l.post(func(now time.Time) { l.told(t, p, answer{next, err}, now) })
	}()
}

type answer struct {
	next Next
	err  error
}

// told takes the Sink's answer. A newer result may have come meanwhile: then
// this answer no longer says when to look, and the newer one is told next.
func (l *loop) told(t *task, p *Probe, a answer, now time.Time) {
	delete(l.telling, t.check.ID)
	if current := l.tasks[t.check.ID]; current != t {
		if current != nil {
			l.queueReport(current)
		}
		return
	}
	if a.err != nil {
		l.untellable(t, p, a.err, now)
		return
	}
	t.soft, t.retries = a.next.Soft, 0
	if t.untold != p {
		l.queueReport(t)
		return
	}
	l.taken(t)
	if t.soft {
		l.hurry(t, p.At, now)
	}
}

func (l *loop) taken(t *task) {
	t.untold = nil
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.s.stats.Unreported--
}

// untellable is the database being away: looking goes on, and the report is
// offered again, so that an hourly check does not lose an hour.
func (l *loop) untellable(t *task, p *Probe, err error, now time.Time) {
	l.s.mu.Lock()
	l.s.stats.SinkErrors++
	l.s.mu.Unlock()
	if t.retries == 0 {
		l.s.log().Warn("a check's result could not be handed on; it will be offered again", "check", t.check.ID, "err", err)
	}
	l.alarms.set(&t.retell, now.Add(min(time.Second<<min(t.retries, 10), maxRetell)))
	t.retries++
	if t.soft {
		l.hurry(t, p.At, now) // still failing softly, as far as anybody knows
	}
}

// hurry moves the next look to the retry interval after the last one.
func (l *loop) hurry(t *task, last, now time.Time) {
	if t.running || t.queued {
		return
	}
	at := last.Add(t.retryAfter())
	if at.Before(now) {
		at = now
	}
	l.wait(t, at)
}
