package stage

import (
	"fmt"
	"net/http"
	"time"
)

// maxStream ends a stream now and then; EventSource comes back by itself.
const maxStream = 10 * time.Minute

// events tells a browser to look again.
func (s *Stage) events(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	news := s.hub.watch(ctx)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	beat := time.NewTicker(20 * time.Second)
	defer beat.Stop()
	end := time.NewTimer(maxStream)
	defer end.Stop()
	if _, err := fmt.Fprint(w, "retry: 1000\nevent: changed\ndata: hello\n\n"); err != nil {
		return
	}
	for out.Flush() == nil {
		text := "event: changed\ndata: look\n\n"
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-end.C:
			return
		case <-beat.C:
			text = ": beat\n\n"
		case <-news:
		}
		if _, err := fmt.Fprint(w, text); err != nil {
			return
		}
	}
}
