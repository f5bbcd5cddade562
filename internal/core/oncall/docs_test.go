package oncall

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The table of clock changes in the users' documentation must be true.
func TestDocumentedClockChanges(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/schedules.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, text := range strings.Split(string(page), "\n") {
		cells := strings.Split(text, "|")
		if len(cells) != 10 || !strings.Contains(cells[2], "/") {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows++
		t.Run(cells[1], func(t *testing.T) {
			t.Parallel()
			loc := zone(t, cells[2])
			count, unit, _ := strings.Cut(cells[3], " ")
			every, err := strconv.Atoi(count)
			if err != nil {
				t.Fatal(err)
			}
			lasts, err := time.ParseDuration(cells[8])
			if err != nil {
				t.Fatal(err)
			}
			s := Schedule{Loc: loc, Layers: []Layer{{Seats: seats("A"), Unit: Unit(unit), Every: every, Start: local(t, cells[4])}}}
			got := s.On(nil, local(t, cells[5]).In(loc))
			if len(got) != 1 {
				t.Fatalf("%d on call", len(got))
			}
			const layout = "2006-01-02 15:04"
			since, until := got[0].Since, got[0].Until
			if since.Format(layout) != cells[6] || until.Format(layout) != cells[7] || until.Sub(since) != lasts {
				t.Errorf("%s to %s, %s", since.Format(layout), until.Format(layout), until.Sub(since))
			}
		})
	}
	if rows < 8 {
		t.Errorf("found %d rows of the table", rows)
	}
}
