package config

import (
	"fmt"
	"sort"
	"strings"
)

// nearest is the candidate that a person most likely meant, or "". It allows
// one slip in three letters, so that short words do not attract everything.
func nearest(word string, candidates []string) string {
	sorted := append([]string(nil), candidates...)
	sort.Strings(sorted)
	lower := strings.ToLower(word)
	best, bestAt := "", max(len(word), 3)/3+1
	for _, c := range sorted {
		if d := distance(lower, strings.ToLower(c)); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

func didYouMean(word string, candidates []string) string {
	if n := nearest(word, candidates); n != "" {
		return "; did you mean " + n + "?"
	}
	return ""
}

// maxCompared bounds the comparison: nobody mistypes a word of that length.
const maxCompared = 64

// distance counts insertions, deletions, replacements and swaps of neighbours
// (the restricted Damerau-Levenshtein distance) in bytes.
func distance(a, b string) int {
	if len(a) > maxCompared || len(b) > maxCompared {
		return maxCompared
	}
	before, above, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(b)]
}

func quote(s string) string { return `"` + s + `"` }

func errZone(s string) error {
	common := []string{"Africa/Johannesburg", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York", "America/Sao_Paulo",
		"Asia/Kolkata", "Asia/Shanghai", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Europe/Amsterdam", "Europe/Berlin", "Europe/Istanbul",
		"Europe/London", "Europe/Madrid", "Europe/Paris", "Europe/Rome", "Europe/Warsaw", "Europe/Zurich", "UTC"}
	hint := didYouMean(s, common)
	if hint == "" {
		hint = "; use an IANA name like Europe/Berlin"
	}
	return fmt.Errorf("unknown time zone %q%s", s, hint)
}
