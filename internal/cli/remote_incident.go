package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
)

func incidentCommand(g *globals) *cobra.Command {
	return group("incident", "Incidents: list, show, declare and lead them", incidentList(g), incidentShow(g), incidentDeclare(g), incidentNote(g),
		incidentSeverity(g), incidentStatus(g), incidentRename(g), incidentSummon(g), incidentMerge(g))
}

func incidentList(g *globals) *cobra.Command {
	var p paging
	var all bool
	var service, severity, text string
	cmd := &cobra.Command{Use: "list", Short: "List open incidents, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		q := p.query()
		if !all {
			q.Set("open", "true")
		}
		put(q, "service", service)
		put(q, "severity", severity)
		put(q, "q", text)
		return do(cmd, g, request{method: "GET", path: "/incidents", query: q}, func(t *table, l api.List[api.Incident]) {
			t.row("ID", "SEVERITY", "STATUS", "SERVICE", "DECLARED", "TITLE")
			for _, x := range l.Items {
				t.row(x.ID, x.Severity, x.Status, x.Service, x.DeclaredAt, x.Title)
			}
			t.more(l.Next)
		})
	}}
	p.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "resolved and merged ones too")
	cmd.Flags().StringVar(&service, "service", "", "of this service")
	cmd.Flags().StringVar(&severity, "severity", "", "SEV1 to SEV5")
	cmd.Flags().StringVar(&text, "q", "", "part of the title")
	return cmd
}

func incidentShow(g *globals) *cobra.Command {
	return &cobra.Command{Use: "show INCIDENT", Short: "One incident and what happened in it", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		path := "/incidents/" + id(args[0])
		return do(cmd, g, request{method: "GET", path: path}, func(t *table, i api.Incident) {
			printIncident(t, i)
			g.timeline(cmd, t, path)
		})
	}}
}

func printIncident(t *table, i api.Incident) {
	t.pair("incident", i.ID)
	t.pair("title", i.Title)
	t.pair("severity", i.Severity)
	t.pair("status", i.Status)
	t.pair("service", i.Service)
	t.pair("summary", i.Summary)
	t.pair("declared", cell(i.DeclaredAt)+" by "+i.DeclaredBy)
	t.pair("resolved", i.ResolvedAt)
	t.pair("merged into", i.MergedInto)
	t.pair("merged", i.Merged)
	t.pair("pages", i.Pages)
	for _, r := range i.Responders {
		t.pair("asked to help", r.Target+" by "+r.AskedBy+" at "+cell(r.AskedAt))
	}
	t.pair("drill", i.Drill)
}

func incidentDeclare(g *globals) *cobra.Command {
	var b api.DeclareBody
	cmd := &cobra.Command{Use: "declare TITLE...", Short: "Declare an incident", Args: usage(cobra.MinimumNArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		b.Title = strings.Join(args, " ")
		return do(cmd, g, request{method: "POST", path: "/incidents", body: b}, printIncident)
	}}
	f := cmd.Flags()
	f.StringVar(&b.Severity, "severity", "", "SEV1 (worst) to SEV5")
	f.StringVar(&b.Service, "service", "", "the service that suffers")
	f.StringVar(&b.Summary, "summary", "", "what is known")
	f.StringVar(&b.Page, "page", "", "the page that it is declared for")
	f.BoolVar(&b.Drill, "drill", false, "a practice, marked as one everywhere")
	return needed(cmd, "severity")
}

// change is a command that changes an incident: the body comes from the
// arguments after its id.
type change struct {
	use, short, path string
	args             cobra.PositionalArgs
	body             func(rest []string) any
}

func (x change) command(g *globals) *cobra.Command {
	return &cobra.Command{Use: x.use, Short: x.short, Args: usage(x.args), RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd, g, request{method: "POST", path: "/incidents/" + id(args[0]) + "/" + x.path, body: x.body(args[1:])}, printIncident)
	}}
}

func incidentNote(g *globals) *cobra.Command {
	return change{"note INCIDENT TEXT...", "Write a note into the timeline", "notes", cobra.MinimumNArgs(2),
		func(rest []string) any { return api.NoteBody{Text: strings.Join(rest, " ")} }}.command(g)
}

func incidentSeverity(g *globals) *cobra.Command {
	var reason string
	cmd := change{"severity INCIDENT SEV", "Change the severity; lowering needs a reason", "severity", cobra.ExactArgs(2),
		func(rest []string) any { return api.SeverityBody{Severity: rest[0], Reason: reason} }}.command(g)
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func incidentStatus(g *globals) *cobra.Command {
	var reason string
	cmd := change{"status INCIDENT STATUS", "Move it on, resolve it or reopen it: declared, mitigating, mitigated, resolved", "status", cobra.ExactArgs(2),
		func(rest []string) any { return api.StatusBody{Status: rest[0], Reason: reason} }}.command(g)
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func incidentRename(g *globals) *cobra.Command {
	return change{"rename INCIDENT TITLE...", "Give it a better title", "rename", cobra.MinimumNArgs(2),
		func(rest []string) any { return api.RenameBody{Title: strings.Join(rest, " ")} }}.command(g)
}

func incidentSummon(g *globals) *cobra.Command {
	return change{"summon INCIDENT TARGET...", "Ask for help: user/ana, schedule/database, team/web, channel/ops", "responders", cobra.MinimumNArgs(2),
		func(rest []string) any { return api.RespondersBody{Targets: rest} }}.command(g)
}

func incidentMerge(g *globals) *cobra.Command {
	return change{"merge INCIDENT INTO", "End an incident in favour of another", "merge", cobra.ExactArgs(2),
		func(rest []string) any { return api.MergeBody{Into: rest[0]} }}.command(g)
}
