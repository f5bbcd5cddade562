package oncall

import "testing"

func TestParseClock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ClockTime{"00:00": 0, "9:00": 540, "09:05": 545, "23:59": 1439, "24:00": 1440} {
		if got, err := ParseClock(text); err != nil || got != want {
			t.Errorf("%q reads as %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "9", "9:5", "09:60", "24:01", "25:00", "+9:00", "-0:30", "09:+5", "09:00:00", "noon", " 9:00"} {
		if got, err := ParseClock(text); err == nil {
			t.Errorf("%q reads as %s, want it refused", text, got)
		}
	}
}
