package intake_test

import (
	"testing"
	"time"

	"tocsin/internal/intake"
)

func TestParseTimeReadsWhatSourcesSend(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-08-22T10:00:00Z":                "2026-08-22T10:00:00Z",
		"2026-08-22T10:00:00.123456789+02:00": "2026-08-22T08:00:00.123456789Z",
		"2026-08-22T10:00:00+0000":            "2026-08-22T10:00:00Z",
		"2026-08-22T10:00:00-07":              "2026-08-22T17:00:00Z",
		"2026-08-22T10:00:00":                 "2026-08-22T10:00:00Z",
		"2026-08-22T10:00":                    "2026-08-22T10:00:00Z",
		" 2026-08-22 10:00:00 ":               "2026-08-22T10:00:00Z",
		"2026-08-22 10:00:00.5 +0200":         "2026-08-22T08:00:00.5Z",
		"2026-08-22":                          "2026-08-22T00:00:00Z",
		"Sat, 22 Aug 2026 10:00:00 +0000":     "2026-08-22T10:00:00Z",
		"1787392800":                          "2026-08-22T10:00:00Z",
		"1787392800123":                       "2026-08-22T10:00:00.123Z",
		"1787392800123456":                    "2026-08-22T10:00:00.123456Z",
		"1787392800123456789":                 "2026-08-22T10:00:00.123456789Z",
		"":                                    "0001-01-01T00:00:00Z",
		"0001-01-01T00:00:00Z":                "0001-01-01T00:00:00Z",
	} {
		at, err := intake.ParseTime(text)
		if err != nil || at.Format(time.RFC3339Nano) != want {
			t.Errorf("%q reads as %s, %v; want %s", text, at.Format(time.RFC3339Nano), err, want)
		}
	}
	for _, text := range []string{"yesterday", "12", "2026-13-01", "9999999999999999999", "{}"} {
		if at, err := intake.ParseTime(text); err == nil {
			t.Errorf("%q reads as %s", text, at)
		}
	}
}

func TestStartTrustsOnlyPossibleClocks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		said time.Time
		kept bool
	}{
		"now":                  {now, true},
		"a little ahead":       {now.Add(10 * time.Minute), true},
		"too far ahead":        {now.Add(10*time.Minute + time.Second), false},
		"firing for two years": {now.AddDate(-2, 0, 0), true},
		"an unset clock":       {time.Unix(0, 0), false},
	} {
		start, note := intake.Start(c.said, now)
		if c.kept != start.Equal(c.said) || c.kept != (note == "") || (!c.kept && !start.IsZero()) {
			t.Errorf("%s: start %s, note %q", name, start, note)
		}
	}
	if start, note := intake.Start(time.Time{}, now); !start.IsZero() || note != "" {
		t.Errorf("unsaid: start %s, note %q", start, note)
	}
	if end, note := intake.End(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), now); !end.Equal(now.Add(intake.MaxEnd)) || note == "" {
		t.Errorf("the end of time: %s, %q", end, note)
	}
}
