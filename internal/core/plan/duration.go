package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Duration is a time.Duration written as people write it: "30s", "5m", "1h30m",
// "7d".
type Duration time.Duration

var durationPart = regexp.MustCompile(`(\d+)(ms|s|m|h|d|w)`)

var durationUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// ParseDuration reads Prometheus' duration grammar without years: whole
// numbers with ms, s, m, h, d or w, or a bare 0.
func ParseDuration(text string) (Duration, error) {
	if text == "0" {
		return 0, nil
	}
	var sum time.Duration
	rest := text
	for _, m := range durationPart.FindAllStringSubmatchIndex(text, -1) {
		if m[0] != len(text)-len(rest) {
			break
		}
		n, err := strconv.ParseInt(text[m[2]:m[3]], 10, 64)
		unit := durationUnits[text[m[4]:m[5]]]
		if err != nil || n > int64((1<<63-1)/unit) || sum+time.Duration(n)*unit < sum {
			return 0, fmt.Errorf("duration %q is too long", text)
		}
		sum += time.Duration(n) * unit
		rest = text[m[1]:]
	}
	if text == "" || rest != "" {
		return 0, fmt.Errorf("%q is not a duration like 30s, 5m or 1h30m", text)
	}
	return Duration(sum), nil
}

// Std is the standard library's form.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	out, rest := "", time.Duration(d)
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}} {
		if n := rest / u.unit; n > 0 {
			out += strconv.FormatInt(int64(n), 10) + u.name
			rest -= n * u.unit
		}
	}
	return out
}

// MarshalText writes "5m".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "5m".
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := ParseDuration(string(b))
	*d = v
	return err
}
