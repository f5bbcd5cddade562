package config

import (
	"fmt"
	"strings"
)

// edit is one line of a difference: ' ' kept, '-' removed, '+' added.
type edit struct {
	op   byte
	line string
}

// maxEdits bounds the search for the shortest difference. Texts that differ
// more than that share little; they are shown as one replaced block.
const maxEdits = 500

// unifiedContext is how many unchanged lines surround a change.
const unifiedContext = 3

// unified is the difference of two texts in the format of diff -u.
func unified(before, after string) string {
	edits := shortest(lines(before), lines(after))
	var b strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			oldLine, newLine, i = oldLine+1, newLine+1, i+1
			continue
		}
		if b.Len() == 0 {
			b.WriteString("--- before\n+++ after\n")
		}
		from := max(i-unifiedContext, 0)
		end := hunkEnd(edits, i)
		lead := i - from
		writeHunk(&b, edits[from:end], oldLine-lead, newLine-lead)
		for _, e := range edits[i:end] {
			if e.op != '+' {
				oldLine++
			}
			if e.op != '-' {
				newLine++
			}
		}
		i = end
	}
	return b.String()
}

// hunkEnd joins changes that are close together.
func hunkEnd(edits []edit, i int) int {
	end, kept := i, 0
	for j := i; j < len(edits) && kept <= 2*unifiedContext; j++ {
		if edits[j].op == ' ' {
			kept++
			continue
		}
		end, kept = j+1, 0
	}
	return min(end+unifiedContext, len(edits))
}

func writeHunk(b *strings.Builder, edits []edit, oldLine, newLine int) {
	oldCount, newCount := 0, 0
	for _, e := range edits {
		if e.op != '+' {
			oldCount++
		}
		if e.op != '-' {
			newCount++
		}
	}
	// An empty side is numbered by the line before it.
	if oldCount == 0 {
		oldLine--
	}
	if newCount == 0 {
		newLine--
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", oldLine, oldCount, newLine, newCount)
	for _, e := range edits {
		b.WriteByte(e.op)
		b.WriteString(e.line)
		b.WriteByte('\n')
	}
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// shortest finds a shortest edit script by Myers' greedy algorithm.
func shortest(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var out []edit
	for _, l := range a[:head] {
		out = append(out, edit{' ', l})
	}
	out = append(out, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		out = append(out, edit{' ', l})
	}
	return out
}

func middle(a, b []string) []edit {
	// reach[k] is how far in a the furthest path on diagonal k = x-y comes.
	reach := map[int]int{1: 0}
	var trace []map[int]int
	for d := 0; d <= min(len(a)+len(b), maxEdits); d++ {
		step := make(map[int]int, d+1)
		for k := -d; k <= d; k += 2 {
			x := reach[k-1] + 1
			if k == -d || (k != d && reach[k-1] < reach[k+1]) {
				x = reach[k+1]
			}
			y := x - k
			for x < len(a) && y < len(b) && a[x] == b[y] {
				x, y = x+1, y+1
			}
			reach[k], step[k] = x, x
			if x >= len(a) && y >= len(b) {
				return backtrack(a, b, append(trace, step))
			}
		}
		trace = append(trace, step)
	}
	var out []edit
	for _, l := range a {
		out = append(out, edit{'-', l})
	}
	for _, l := range b {
		out = append(out, edit{'+', l})
	}
	return out
}

// backtrack reads the path off the furthest points of every round.
func backtrack(a, b []string, trace []map[int]int) []edit {
	var back []edit
	x, y := len(a), len(b)
	for d := len(trace) - 1; d > 0; d-- {
		prev := trace[d-1]
		k := x - y
		down := k == -d || (k != d && prev[k-1] < prev[k+1])
		from := k - 1
		if down {
			from = k + 1
		}
		px := prev[from]
		start := px
		if !down {
			start++
		}
		for x > start {
			x, y = x-1, y-1
			back = append(back, edit{' ', a[x]})
		}
		if down {
			y--
			back = append(back, edit{'+', b[y]})
		} else {
			x--
			back = append(back, edit{'-', a[x]})
		}
	}
	for x > 0 {
		x--
		back = append(back, edit{' ', a[x]})
	}
	for i, j := 0, len(back)-1; i < j; i, j = i+1, j-1 {
		back[i], back[j] = back[j], back[i]
	}
	return back
}
