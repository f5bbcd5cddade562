package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// maxStream ends a stream now and then, so that a browser that forgot it does
// not keep it for ever; EventSource comes back by itself.
const maxStream = 10 * time.Minute

// events tells a browser that something was committed. The id of an event is a
// position in the journal; a browser that was away says how far it had come.
func (s *Site) events(c *call) error {
	w, ctx := c.w, c.r.Context()
	// What happened between the page and its first connection counts too: the
	// page says how far it had read.
	after, err := strconv.ParseInt(cmp.Or(c.r.Header.Get("Last-Event-ID"), c.r.FormValue("after")), 10, 64)
	if err != nil || after < 0 {
		if after, err = s.newest(c); err != nil {
			return err
		}
	}
	changes := s.Door.Changes(ctx)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	beat := time.NewTicker(20 * time.Second)
	defer beat.Stop()
	end := time.NewTimer(maxStream)
	defer end.Stop()
	fmt.Fprintf(w, "retry: 3000\nid: %d\nevent: hello\ndata: %d\n\n", after, s.Door.Now().UnixMilli())
	for {
		next, err := s.tell(c, w, after)
		if err != nil {
			return nil //nolint:nilerr // the stream has begun; the browser comes back
		}
		after = next
		if out.Flush() != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-end.C:
			return nil
		case <-beat.C:
			fmt.Fprint(w, ": beat\n\n")
		case _, ok := <-changes:
			if !ok {
				return nil
			}
		}
	}
}

// tell writes one event for all that is new.
func (s *Site) tell(c *call, w http.ResponseWriter, after int64) (int64, error) {
	entries, err := s.Ledger.Tail(c.r.Context(), after, 200)
	if err != nil || len(entries) == 0 {
		return after, err
	}
	last := entries[len(entries)-1]
	mine := ""
	for _, x := range entries {
		if x.Kind == "page.opened" || x.Kind == "page.climbed" {
			mine = "page"
		}
	}
	_, err = fmt.Fprintf(w, "id: %d\nevent: changed\ndata: %s\n\n", last.Pos, mine)
	return last.Pos, err
}

func (s *Site) newest(c *call) (int64, error) {
	entries, err := s.Ledger.Tail(c.r.Context(), -1, 1)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	return entries[len(entries)-1].Pos, nil
}
