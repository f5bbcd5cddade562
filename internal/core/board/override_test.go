package board_test

import (
	"testing"
	"time"

	"tocsin/internal/core/board"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/plan"
)

func TestATemporaryScheduleMayHaveHoles(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 6, 3, 0, 0, 0, time.UTC)
	p := &plan.Plan{Schedules: []oncall.Schedule{{ID: "nights", Zone: "UTC"}}}
	if err := p.Prepare(func(string) (*time.Location, error) { return time.UTC, nil }); err != nil {
		t.Fatal(err)
	}
	hole := oncall.Override{Schedule: "nights", Kind: oncall.Only, Start: at, End: at.Add(time.Hour), Comment: "the office is closed"}
	o, _, err := board.StepOverride(plan.Scene{Plan: p, Board: &plan.Board{}, At: at}, "o1", nil, board.PutOverride{Override: hole})
	if err != nil || o == nil || o.User != "" {
		t.Fatalf("a hole was refused: %v", err)
	}
	swap := oncall.Override{Schedule: "nights", Kind: oncall.Replace, Start: at, End: at.Add(time.Hour)}
	if _, _, err := board.StepOverride(plan.Scene{Plan: p, Board: &plan.Board{}, At: at}, "o2", nil, board.PutOverride{Override: swap}); err == nil {
		t.Error("an override that puts nobody in somebody's place was taken")
	}
}
