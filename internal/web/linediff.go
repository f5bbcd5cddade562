package web

import "strings"

// maxDiff bounds the table of the comparison; larger texts are compared after
// their common head and tail are cut off, and then shown whole.
const maxDiff = 4_000_000

// lineDiff is the difference of two texts by lines, with two lines of company
// around each change.
func lineDiff(old, next string) []DiffLine {
	a, b := strings.Split(strings.TrimRight(old, "\n"), "\n"), strings.Split(strings.TrimRight(next, "\n"), "\n")
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	lines := make([]DiffLine, 0, len(b))
	for _, s := range a[:head] {
		lines = append(lines, DiffLine{"", s})
	}
	lines = append(lines, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, s := range a[len(a)-tail:] {
		lines = append(lines, DiffLine{"", s})
	}
	return folded(lines)
}

// middle is the longest common subsequence, by the textbook.
func middle(a, b []string) []DiffLine {
	var out []DiffLine
	if len(a)*len(b) > maxDiff {
		return append(appendAll(out, "del", a), appendAll(nil, "add", b)...)
	}
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, DiffLine{"", a[i]})
			i++
			j++
		case common[i+1][j] >= common[i][j+1]:
			out = append(out, DiffLine{"del", a[i]})
			i++
		default:
			out = append(out, DiffLine{"add", b[j]})
			j++
		}
	}
	return append(appendAll(out, "del", a[i:]), appendAll(nil, "add", b[j:])...)
}

func appendAll(out []DiffLine, class string, lines []string) []DiffLine {
	for _, s := range lines {
		out = append(out, DiffLine{class, s})
	}
	return out
}

// folded keeps what changed and its nearest company.
func folded(lines []DiffLine) []DiffLine {
	const company = 2
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l.Class == "" {
			continue
		}
		for k := max(0, i-company); k <= min(len(lines)-1, i+company); k++ {
			keep[k] = true
		}
	}
	var out []DiffLine
	for i, l := range lines {
		switch {
		case keep[i]:
			out = append(out, l)
		case len(out) > 0 && out[len(out)-1].Class != "cut":
			out = append(out, DiffLine{"cut", "⋯"})
		}
	}
	if n := len(out); n > 0 && out[n-1].Class == "cut" {
		out = out[:n-1]
	}
	return out
}
