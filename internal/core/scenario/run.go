package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// nothing is the transcript of commands that made nothing true.
const nothing = "(nothing)"

// Result is a script that was played.
type Result struct {
	Script *Script
	// Got is the transcript of each block, in the script's order; blocks after
	// a mistake are missing.
	Got [][]string
	// Mistakes are commands that could not be carried out and expectations
	// that do not hold, without differences of transcripts.
	Mistakes []*Error
}

// Run plays a script. What is wrong is in the result, never an error: a
// scenario that fails is an answer.
func Run(s *Script, opts Options) *Result {
	r := &Result{Script: s}
	w := NewWorld(opts)
	for i := range s.Blocks {
		b := &s.Blocks[i]
		var got []string
		for _, c := range b.Commands {
			lines, err := w.Do(c)
			got = append(got, lines...)
			if err != nil {
				r.mistake(c, err.Error())
				if c.Verb != "expect" {
					return r
				}
			}
		}
		r.refusals(w, b)
		if len(got) == 0 {
			got = []string{nothing}
		}
		r.Got = append(r.Got, got)
	}
	return r
}

// refusals: where no transcript shows a refusal, it is a mistake of the script.
func (r *Result) refusals(w *World, b *Block) {
	if !b.Checked {
		for _, text := range w.refused {
			r.mistake(b.Commands[len(b.Commands)-1], "refused: "+text)
		}
	}
	w.refused = nil
}

func (r *Result) mistake(c Command, why string) {
	r.Mistakes = append(r.Mistakes, &Error{File: r.Script.Name, Line: c.Line, Why: why})
}

// OK says whether the script holds.
func (r *Result) OK() bool { return len(r.Mistakes) == 0 && r.Diff() == "" }

// Report says what does not hold, mistakes first; "" if everything does.
func (r *Result) Report() string {
	var b strings.Builder
	for _, m := range r.Mistakes {
		b.WriteString(m.Error() + "\n")
	}
	b.WriteString(r.Diff())
	return b.String()
}

// Diff shows the transcripts that differ: a minus was written, a plus is true.
func (r *Result) Diff() string {
	var b strings.Builder
	for i, got := range r.Got {
		block := &r.Script.Blocks[i]
		if block.Checked {
			diff(&b, r.Script.Name, block, got)
		}
	}
	return b.String()
}

// diff writes one block's difference by the longest common subsequence.
func diff(b *strings.Builder, name string, block *Block, got []string) {
	want := block.Want
	if slices.Equal(want, got) {
		return
	}
	common := lcs(want, got)
	fmt.Fprintf(b, "%s:%d: %s\n", name, block.WantLine, block.Commands[len(block.Commands)-1].Text)
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			fmt.Fprintf(b, "   %s\n", want[i])
			i, j = i+1, j+1
		case j == len(got) || i < len(want) && common.at(i+1, j) >= common.at(i, j+1):
			fmt.Fprintf(b, " - %s\n", want[i])
			i++
		default:
			fmt.Fprintf(b, " + %s\n", got[j])
			j++
		}
	}
}

// maxTable bounds the table below; longer transcripts are shown one after the
// other instead of side by side.
const maxTable = 4 << 20

// lcs is the table of the longest common subsequences of all tails.
func lcs(a, b []string) table {
	if len(a)*len(b) > maxTable {
		return nil
	}
	t := make(table, len(a)+1)
	for i := range t {
		t[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				t[i][j] = t[i+1][j+1] + 1
			} else {
				t[i][j] = max(t[i+1][j], t[i][j+1])
			}
		}
	}
	return t
}

type table [][]int

func (t table) at(i, j int) int {
	if t == nil {
		return 0
	}
	return t[i][j]
}

// Rewrite is the file with the transcripts as they are now. Read every changed
// line before keeping it: a golden file is reviewed, not believed.
func (r *Result) Rewrite() string {
	var out []string
	at := 0
	for i, got := range r.Got {
		b := &r.Script.Blocks[i]
		if !b.Checked {
			continue
		}
		out = append(out, r.Script.lines[at:b.WantLine-1]...)
		out = append(out, got...)
		at = b.WantLine - 1 + len(b.Want)
	}
	out = append(out, r.Script.lines[at:]...)
	return strings.Join(out, "\n") + "\n"
}
