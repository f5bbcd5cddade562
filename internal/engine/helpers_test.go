package engine_test

import (
	"testing"
	"time"

	"tocsin/internal/core/board"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

func putSilence(t *testing.T, h *house, stream fact.Stream, m signal.Matchers) {
	t.Helper()
	s := plan.Silence{Matchers: []signal.Matchers{m}, EndsAt: time.Now().Add(time.Hour), Comment: "deploy"}
	if _, err := h.Do(t.Context(), fact.User("ana", "test"), stream, board.PutSilence{Silence: s}); err != nil {
		t.Fatal(err)
	}
}

func takeDown(t *testing.T, h *house, stream fact.Stream) {
	t.Helper()
	if _, err := h.Do(t.Context(), fact.User("ana", "test"), stream, board.TakeDown{}); err != nil {
		t.Fatal(err)
	}
}
