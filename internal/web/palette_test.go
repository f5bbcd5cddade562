package web

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

func secs(n int) time.Duration { return time.Duration(n) * time.Second }

var tokenLine = regexp.MustCompile(`--([a-z-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)`)

// Every word must be readable on every ground that it stands on, in both
// themes: 4.5 to 1 for text, 3 to 1 for the edges of controls.
func TestPaletteIsReadable(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("css/1-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string][2]float64{}
	for _, m := range tokenLine.FindAllStringSubmatch(string(data), -1) {
		tokens[m[1]] = [2]float64{luminance(t, m[2]), luminance(t, m[3])}
	}
	check := func(ink, ground string, least float64) {
		a, okA := tokens[ink]
		b, okB := tokens[ground]
		if !okA || !okB {
			t.Errorf("no token %s or %s", ink, ground)
			return
		}
		for theme, name := range []string{"light", "dark"} {
			if got := contrast(a[theme], b[theme]); got < least {
				t.Errorf("%s: %s on %s is %.2f to 1, want %.1f", name, ink, ground, got, least)
			}
		}
	}
	for _, ink := range []string{"ink", "soft", "bronze", "red", "amber", "green", "grey"} {
		for _, ground := range []string{"paper", "panel"} {
			check(ink, ground, 4.5)
		}
	}
	for _, state := range []string{"red", "amber", "green"} {
		check(state, state+"-tint", 4.5)
		check("ink", state+"-tint", 4.5)
		check("soft", state+"-tint", 4.5)
	}
	check("on-loud", "loud", 4.5)
	check("on-bronze", "bronze", 4.5)
	check("paper", "ink", 4.5)
	check("rule", "paper", 1.9) // an edge that only decorates: the label names the field
}

func contrast(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	return (a + .05) / (b + .05)
}

// luminance is WCAG's relative luminance.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	lin := func(v uint64) float64 {
		c := float64(v&0xff) / 255
		if c <= .04045 {
			return c / 12.92
		}
		return math.Pow((c+.055)/1.055, 2.4)
	}
	return .2126*lin(n>>16) + .7152*lin(n>>8) + .0722*lin(n)
}
