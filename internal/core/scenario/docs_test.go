package scenario_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"tocsin/internal/core/scenario"
)

// TestDocs plays the examples of docs/scenarios.md: a page about a language
// must not teach another one.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	p, err := load(scenario.Source{Name: "shop.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for i, part := range strings.Split(string(text), "```\n") {
		if i%2 == 0 {
			continue
		}
		if strings.HasPrefix(part, "alert key=1") {
			part = "at 2026-01-06 03:00 Europe/Berlin\n\n" + part // the transcript's night
		}
		s, err := scenario.Parse("docs/scenarios.md", part)
		if err != nil {
			t.Fatal(err)
		}
		if r := scenario.Run(s, scenario.Options{Plan: p, Load: load, Zones: time.LoadLocation}); !r.OK() {
			t.Errorf("in\n%s\n%s", part, r.Report())
		}
		played++
	}
	if played != 3 {
		t.Errorf("played %d examples, want 3", played)
	}
}
