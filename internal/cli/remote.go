package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
)

// The environment that stands in for flags.
const (
	envURL   = "TOCSIN_URL"
	envToken = "TOCSIN_TOKEN"
)

// globals are the flags of every command that speaks to a server.
type globals struct {
	URL, Token, Output string
	Stdout, Stderr     io.Writer
}

// newGlobals takes what the environment says.
func newGlobals(stdout, stderr io.Writer) *globals {
	return &globals{URL: os.Getenv(envURL), Token: os.Getenv(envToken), Output: "table", Stdout: stdout, Stderr: stderr}
}

// flags adds them to a command and all below it. The token's default is not
// shown: help texts are pasted into tickets.
func (g *globals) flags(cmd *cobra.Command) {
	f := cmd.PersistentFlags()
	f.StringVar(&g.URL, "url", g.URL, "address of the server ("+envURL+")")
	token := g.Token
	f.StringVar(&g.Token, "token", "", "API token ("+envToken+")")
	g.Token = token
	f.StringVarP(&g.Output, "output", "o", g.Output, "table or json")
}

// remoteCommands are the commands that speak to a server.
func remoteCommands(g *globals) []*cobra.Command {
	list := []*cobra.Command{alertCommand(g), pageCommand(g), incidentCommand(g), onCallCommand(g), silenceCommand(g), maintenanceCommand(g),
		overrideCommand(g), explainCommand(g), heartbeatCommand(g), tokenCommand(g), statusCommand(g)}
	for _, c := range list {
		g.flags(c)
	}
	return list
}

// group is a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	c.AddCommand(children...)
	return c
}

// usage makes a mistake in the arguments exit with ExitUsage.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return exit(ExitUsage, "%w; see %s --help", err, cmd.CommandPath())
		}
		return nil
	}
}

// needed marks flags that a command does not work without.
func needed(cmd *cobra.Command, names ...string) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, n := range names {
			if !cmd.Flags().Changed(n) {
				return exit(ExitUsage, "--%s is needed; see %s --help", n, cmd.CommandPath())
			}
		}
		return run(cmd, args)
	}
	return cmd
}

// do calls the server and shows the answer: as it came with -o json, else as
// print writes it.
func do[T any](cmd *cobra.Command, g *globals, r request, print func(*table, T)) error {
	if g.Output != "table" && g.Output != "json" {
		return exit(ExitUsage, "-o is table or json, not %q", g.Output)
	}
	c, err := NewClient(g.URL, g.Token)
	if err != nil {
		return err
	}
	data, err := c.call(cmd.Context(), r)
	if err != nil {
		return err
	}
	return show(g, data, print)
}

// show writes an answer: as it came with -o json, else as print writes it.
func show[T any](g *globals, data []byte, print func(*table, T)) error {
	if g.Output == "json" {
		return writeJSON(g.Stdout, data)
	}
	var v T
	if len(data) > 0 {
		if err := json.Unmarshal(data, &v); err != nil {
			return exit(ExitProblem, "the server's answer: %w", err)
		}
	}
	t := &table{w: tabwriter.NewWriter(g.Stdout, 0, 0, 2, ' ', 0)}
	print(t, v)
	return t.w.Flush()
}

func writeJSON(w io.Writer, data []byte) error {
	if len(data) == 0 {
		data = []byte("{}")
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return exit(ExitProblem, "the server's answer: %w", err)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// id puts one argument into a path.
func id(text string) string { return url.PathEscape(text) }

// table writes rows in columns.
type table struct{ w *tabwriter.Writer }

func (t *table) row(cells ...any) {
	words := make([]string, len(cells))
	for i, c := range cells {
		words[i] = cell(c)
	}
	_, _ = fmt.Fprintln(t.w, strings.Join(words, "\t")) // Flush returns what went wrong
}

// pair writes "name  value", unless the value is empty.
func (t *table) pair(name string, value any) {
	if text := cell(value); text != "" {
		t.row(name, text)
	}
}

// text writes a line that belongs to no column.
func (t *table) text(line string) {
	_ = t.w.Flush() // or the line would widen the columns above it
	t.row(line)
	_ = t.w.Flush()
}

// more says that there is another page.
func (t *table) more(next string) {
	if next != "" {
		t.text("(more: --before " + next + ")")
	}
}

func cell(v any) string {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format("2006-01-02 15:04:05Z")
	case bool:
		if v {
			return "yes"
		}
		return ""
	case []string:
		return plain(strings.Join(v, " "))
	}
	return plain(fmt.Sprint(v))
}

// plain keeps what strangers wrote from driving the terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return '\uFFFD'
		}
		return r
	}, s)
}

// timeline writes the entries of a timeline below what was shown.
func (t *table) timeline(entries []api.Entry) {
	for _, e := range entries {
		if e.Text != "" {
			t.row(e.At, e.Text, "because "+e.Why.Text)
		}
	}
}

// paging are the flags of a list.
type paging struct {
	limit  int
	before string
}

func (p *paging) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&p.limit, "limit", 50, "at most so many")
	cmd.Flags().StringVar(&p.before, "before", "", "only what is older than this, from the end of the page before")
}

func (p *paging) query() url.Values {
	q := url.Values{"limit": {fmt.Sprint(p.limit)}}
	put(q, "before", p.before)
	return q
}

func put(q url.Values, name, value string) {
	if value != "" {
		q.Set(name, value)
	}
}

// span are the flags that say from when to when.
type span struct{ from, until, during string }

func (s *span) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.from, "from", "", "when it begins, like 2026-03-29T09:00:00Z; now if absent")
	cmd.Flags().StringVar(&s.until, "until", "", "when it ends, like 2026-03-29T11:00:00Z")
	cmd.Flags().StringVar(&s.during, "for", "", "or how long: 30m, 2h, 7d")
}

func (s *span) read() (out api.Span, err error) {
	if (s.until == "") == (s.during == "") {
		return out, exit(ExitUsage, "say either --for or --until")
	}
	out.Duration = s.during
	if out.StartsAt, err = instant("from", s.from); err != nil {
		return out, err
	}
	out.EndsAt, err = instant("until", s.until)
	return out, err
}

// instant reads a time of a flag.
func instant(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, exit(ExitUsage, "--%s: %q is not a time like 2026-03-29T09:00:00Z", flag, text)
	}
	return at, nil
}
