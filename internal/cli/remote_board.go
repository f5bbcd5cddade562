package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
)

func onCallCommand(g *globals) *cobra.Command {
	var at string
	var days int
	cmd := &cobra.Command{Use: "oncall [SCHEDULE]", Short: "Who is on call now; with a schedule, its shifts and gaps", Args: usage(cobra.MaximumNArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		from, err := instant("at", at)
		if err != nil {
			return err
		}
		q := url.Values{}
		if len(args) == 0 {
			put(q, "at", at)
			return do(cmd, g, request{method: "GET", path: "/oncall", query: q}, printOnCall)
		}
		if from.IsZero() {
			from = time.Now()
		}
		q.Set("from", from.UTC().Format(time.RFC3339))
		q.Set("to", from.UTC().AddDate(0, 0, days).Format(time.RFC3339))
		return do(cmd, g, request{method: "GET", path: "/schedules/" + id(args[0]), query: q}, printCalendar)
	}}
	cmd.Flags().StringVar(&at, "at", "", "when, like 2026-03-29T02:30:00Z; now if absent")
	cmd.Flags().IntVar(&days, "days", 14, "how many days of a schedule")
	return cmd
}

func printOnCall(t *table, l api.List[api.OnCall]) {
	t.row("SCHEDULE", "ON CALL", "UNTIL", "WHY")
	for _, s := range l.Items {
		for _, d := range s.On {
			t.row(s.Schedule, d.User, d.Until, d.Why.Text)
		}
		if s.Nobody != nil {
			t.row(s.Schedule, "NOBODY", s.NextChange, s.Nobody.Text)
		}
	}
}

func printCalendar(t *table, c api.Calendar) {
	loc, err := time.LoadLocation(c.Zone)
	if err != nil {
		loc = time.UTC
	}
	local := func(at time.Time) string { return at.In(loc).Format("Mon 2006-01-02 15:04 MST") }
	t.row("FROM", "TO", "ON CALL", "WHY")
	for _, s := range c.Shifts {
		t.row(local(s.Start), local(s.End), s.User, s.Why.Text)
	}
	for _, gap := range c.Gaps {
		t.row(local(gap.Start), local(gap.End), "NOBODY", gap.Why.Text)
	}
}

func silenceCommand(g *globals) *cobra.Command {
	return group("silence", "Silences: list, add, extend, expire, preview", silenceList(g), silenceAdd(g), silencePreview(g), silenceExtend(g),
		&cobra.Command{Use: "expire SILENCE", Short: "End a silence now", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
			return do(cmd, g, request{method: "POST", path: "/silences/" + id(args[0]) + "/expire"}, printSilence)
		}})
}

// boardFlags are those of a list of what is in force.
type boardFlags struct {
	paging
	status string
}

func (b *boardFlags) flags(cmd *cobra.Command) {
	b.paging.flags(cmd)
	cmd.Flags().StringVar(&b.status, "status", "", "active, pending or expired; active and pending if absent")
}

func (b *boardFlags) query() url.Values {
	q := b.paging.query()
	put(q, "status", b.status)
	return q
}

func silenceList(g *globals) *cobra.Command {
	var b boardFlags
	cmd := &cobra.Command{Use: "list", Short: "List silences, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return do(cmd, g, request{method: "GET", path: "/silences", query: b.query()}, func(t *table, l api.List[api.Silence]) {
			t.row("ID", "STATUS", "FROM", "UNTIL", "BY", "MATCHERS", "COMMENT")
			for _, s := range l.Items {
				t.row(s.ID, s.Status, s.StartsAt, s.EndsAt, s.CreatedBy, strings.Join(s.Matchers, " or "), s.Comment)
			}
			t.more(l.Next)
		})
	}}
	b.flags(cmd)
	return cmd
}

func silenceAdd(g *globals) *cobra.Command {
	var s span
	var comment string
	cmd := &cobra.Command{Use: "add MATCHERS...", Short: "Put a silence in force; several sets of matchers are alternatives", Args: usage(cobra.MinimumNArgs(1)),
		Example: `  tocsin silence add 'team="core", env="prod"' --for 2h --comment "moving racks"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			when, err := s.read()
			if err != nil {
				return err
			}
			return do(cmd, g, request{method: "POST", path: "/silences", body: api.SilenceBody{Matchers: args, Comment: comment, Span: when}}, printSilence)
		}}
	s.flags(cmd)
	cmd.Flags().StringVar(&comment, "comment", "", "why, for whoever wonders at night")
	return needed(cmd, "comment")
}

func silenceExtend(g *globals) *cobra.Command {
	var s span
	cmd := &cobra.Command{Use: "extend SILENCE", Short: "Move the end of a silence", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		when, err := s.read()
		if err != nil {
			return err
		}
		return do(cmd, g, request{method: "POST", path: "/silences/" + id(args[0]) + "/extend", body: api.ExtendBody{Span: when}}, printSilence)
	}}
	s.flags(cmd)
	return cmd
}

func silencePreview(g *globals) *cobra.Command {
	return &cobra.Command{Use: "preview MATCHERS...", Short: "Show what matchers would mute now", Args: usage(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd, g, request{method: "POST", path: "/silences/preview", body: api.PreviewBody{Matchers: args}}, func(t *table, p api.Preview) {
			t.text(fmt.Sprintf("%d of %d firing alerts would be muted.", p.Muted, p.Firing))
			for _, a := range p.Items {
				t.row(a.ID, a.Severity, a.Service, a.Summary)
			}
		})
	}}
}

func printSilence(t *table, s api.Silence) {
	t.pair("silence", s.ID)
	t.pair("status", s.Status)
	t.pair("matchers", strings.Join(s.Matchers, " or "))
	t.pair("from", s.StartsAt)
	t.pair("until", s.EndsAt)
	t.pair("by", s.CreatedBy)
	t.pair("comment", s.Comment)
}

func maintenanceCommand(g *globals) *cobra.Command {
	return group("maintenance", "Maintenance windows: list, add, expire", maintenanceList(g), maintenanceAdd(g),
		&cobra.Command{Use: "expire WINDOW", Short: "End a maintenance window now", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
			return do(cmd, g, request{method: "POST", path: "/maintenance/" + id(args[0]) + "/expire"}, printMaintenance)
		}})
}

func maintenanceList(g *globals) *cobra.Command {
	var b boardFlags
	cmd := &cobra.Command{Use: "list", Short: "List maintenance windows, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return do(cmd, g, request{method: "GET", path: "/maintenance", query: b.query()}, func(t *table, l api.List[api.Maintenance]) {
			t.row("ID", "STATUS", "FROM", "UNTIL", "BY", "SERVICES", "COMMENT")
			for _, m := range l.Items {
				t.row(m.ID, m.Status, m.StartsAt, m.EndsAt, m.CreatedBy, m.Services, m.Comment)
			}
			t.more(l.Next)
		})
	}}
	b.flags(cmd)
	return cmd
}

func maintenanceAdd(g *globals) *cobra.Command {
	var s span
	var comment string
	cmd := &cobra.Command{Use: "add SERVICE...", Short: "Put services into maintenance", Args: usage(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		when, err := s.read()
		if err != nil {
			return err
		}
		return do(cmd, g, request{method: "POST", path: "/maintenance", body: api.MaintenanceBody{Services: args, Comment: comment, Span: when}}, printMaintenance)
	}}
	s.flags(cmd)
	cmd.Flags().StringVar(&comment, "comment", "", "what is being done")
	return needed(cmd, "comment")
}

func printMaintenance(t *table, m api.Maintenance) {
	t.pair("maintenance", m.ID)
	t.pair("status", m.Status)
	t.pair("services", m.Services)
	t.pair("from", m.StartsAt)
	t.pair("until", m.EndsAt)
	t.pair("by", m.CreatedBy)
	t.pair("comment", m.Comment)
}

func overrideCommand(g *globals) *cobra.Command {
	return group("override", "Overrides of schedules: list, add, end", overrideList(g), overrideAdd(g),
		&cobra.Command{Use: "end OVERRIDE", Short: "End an override now", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
			return do(cmd, g, request{method: "POST", path: "/overrides/" + id(args[0]) + "/end"}, printOverride)
		}})
}

func overrideList(g *globals) *cobra.Command {
	var b boardFlags
	var schedule string
	cmd := &cobra.Command{Use: "list", Short: "List overrides, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		q := b.query()
		put(q, "schedule", schedule)
		return do(cmd, g, request{method: "GET", path: "/overrides", query: q}, func(t *table, l api.List[api.Override]) {
			t.row("ID", "STATUS", "SCHEDULE", "KIND", "USER", "REPLACES", "FROM", "UNTIL", "COMMENT")
			for _, o := range l.Items {
				t.row(o.ID, o.Status, o.Schedule, o.Kind, o.User, o.Replaces, o.StartsAt, o.EndsAt, o.Comment)
			}
			t.more(l.Next)
		})
	}}
	b.flags(cmd)
	cmd.Flags().StringVar(&schedule, "schedule", "", "of this schedule")
	return cmd
}

func overrideAdd(g *globals) *cobra.Command {
	var s span
	var b api.OverrideBody
	cmd := &cobra.Command{Use: "add SCHEDULE", Short: "Change who is on call for a while", Args: usage(cobra.ExactArgs(1)),
		Example: "  tocsin override add primary --user bo --replaces ana --for 8h --comment swap",
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if b.Span, err = s.read(); err != nil {
				return err
			}
			b.Schedule = args[0]
			return do(cmd, g, request{method: "POST", path: "/overrides", body: b}, printOverride)
		}}
	s.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&b.Kind, "kind", "replace", "add, remove, replace or only")
	f.StringVar(&b.User, "user", "", "who comes in")
	f.StringVar(&b.Replaces, "replaces", "", "who is taken out; with replace, everybody if absent")
	f.StringVar(&b.Comment, "comment", "", "why")
	return cmd
}

func printOverride(t *table, o api.Override) {
	t.pair("override", o.ID)
	t.pair("status", o.Status)
	t.pair("schedule", o.Schedule)
	t.pair("kind", o.Kind)
	t.pair("user", o.User)
	t.pair("replaces", o.Replaces)
	t.pair("from", o.StartsAt)
	t.pair("until", o.EndsAt)
	t.pair("comment", o.Comment)
}
