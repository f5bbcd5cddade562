package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"tocsin/internal/auth"
	"tocsin/internal/core/fact"
)

// JournalQuery reads the journal on.
type JournalQuery struct {
	After int64 `query:"after" doc:"Cursor: only entries after this place. Negative counts from the end: -20 is the last 20."`
	Limit int   `query:"limit" minimum:"1" maximum:"400" default:"100"`
}

// EventsQuery is where a stream begins.
type EventsQuery struct {
	After  int64 `query:"after" minimum:"0" doc:"Begin after this place in the journal. Absent: now."`
	LastID int64 `header:"Last-Event-ID" minimum:"0" doc:"Where a connection broke off; browsers send it by themselves."`
}

func entryCursor(e fact.Entry) string { return strconv.FormatInt(e.Pos, 10) }

func (a *API) journal() {
	const tag = "Journal"
	add(a, spec{id: "read-journal", method: http.MethodGet, path: "/journal", tag: tag, role: auth.Viewer, summary: "Everything that became true, with reasons, oldest first",
		about: "next is always there: pass it as after to read on, now or later."},
		func(ctx context.Context, q asked[JournalQuery]) (*Out[List[Entry]], error) {
			rows, err := a.opts.Ledger.Tail(ctx, q.in.After, q.in.Limit)
			if err != nil {
				return nil, err
			}
			out := listed(rows, q.in.Limit, entryView, entryCursor)
			out.Body.Next = strconv.FormatInt(max(0, q.in.After), 10)
			if len(rows) > 0 {
				out.Body.Next = entryCursor(rows[len(rows)-1])
			}
			return out, nil
		})
	s := spec{id: "stream-events", method: http.MethodGet, path: "/events", tag: tag, role: auth.Viewer, summary: "The journal as it is written, as server-sent events",
		about: "Each event has the entry's place as id, its kind as event, and the entry as data. A comment is sent every 15 seconds.", errors: []int{429}}
	op := a.operation(s)
	op.Responses["200"] = &huma.Response{Description: "The stream", Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}
	huma.Register(a.huma, op, func(ctx context.Context, in *EventsQuery) (*huma.StreamResponse, error) {
		after := max(in.After, in.LastID)
		if after == 0 {
			last, err := a.opts.Ledger.Tail(ctx, -1, 1)
			if err != nil {
				return nil, a.failed(ctx, s, err)
			}
			if len(last) > 0 {
				after = last[0].Pos
			}
		}
		select {
		case a.streams <- struct{}{}:
		default:
			return nil, a.failed(ctx, s, newProblem(http.StatusTooManyRequests, "", fmt.Sprintf("%d streams are open already", cap(a.streams))))
		}
		return &huma.StreamResponse{Body: func(c huma.Context) {
			defer func() { <-a.streams }()
			r, w := humago.Unwrap(c)
			(&stream{api: a, w: w, out: http.NewResponseController(w), pos: after}).run(r.Context())
		}}, nil
	})
}

// maxStreams bounds the listeners: each holds a connection and reads the
// ledger after every commit.
const maxStreams = 256

const (
	streamBeat  = 15 * time.Second
	streamWrite = 10 * time.Second
	streamBatch = 200
)

// stream is one listener.
type stream struct {
	api *API
	w   http.ResponseWriter
	out *http.ResponseController
	pos int64
}

func (s *stream) run(ctx context.Context) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("X-Accel-Buffering", "no") // or nginx holds events back
	s.w.WriteHeader(http.StatusOK)
	// Listening begins before the first look, so that nothing falls between.
	changes := s.api.opts.Door.Changes(ctx)
	beat := time.NewTicker(streamBeat)
	defer beat.Stop()
	if s.comment("from "+strconv.FormatInt(s.pos, 10)) != nil {
		return
	}
	for {
		if s.catchUp(ctx) != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case _, open := <-changes:
			if !open {
				return
			}
		case <-beat.C:
			if s.comment("") != nil {
				return
			}
		}
	}
}

// catchUp writes what was committed since the last look.
func (s *stream) catchUp(ctx context.Context) error {
	for {
		rows, err := s.api.opts.Ledger.Tail(ctx, s.pos, streamBatch)
		if err != nil {
			return err // the listener comes back with Last-Event-ID and misses nothing
		}
		for _, e := range rows {
			data, err := json.Marshal(entryView(e))
			if err != nil {
				return err
			}
			if err := s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Pos, e.Kind, data)); err != nil {
				return err
			}
			s.pos = e.Pos
		}
		if len(rows) < streamBatch {
			return s.out.Flush()
		}
	}
}

func (s *stream) comment(text string) error {
	if err := s.write(": " + text + "\n\n"); err != nil {
		return err
	}
	return s.out.Flush()
}

// write gives a slow listener its time and no more.
func (s *stream) write(text string) error {
	_ = s.out.SetWriteDeadline(time.Now().Add(streamWrite)) // a writer without deadlines is a test's
	_, err := s.w.Write([]byte(text))
	return err
}
