package cli

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/explain"
	"tocsin/internal/core/plan"
)

func alertCommand(g *globals) *cobra.Command {
	return group("alert", "Alerts: list, show, resolve", alertList(g), alertShow(g), alertResolve(g))
}

func alertList(g *globals) *cobra.Command {
	var p paging
	var status, service, severity, matcher, text string
	cmd := &cobra.Command{Use: "list", Short: "List alerts, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		q := p.query()
		for name, value := range map[string]string{"status": status, "service": service, "severity": severity, "matcher": matcher, "q": text} {
			put(q, name, value)
		}
		return do(cmd, g, request{method: "GET", path: "/alerts", query: q}, func(t *table, l api.List[alert.State]) {
			t.row("ID", "STATUS", "SEVERITY", "SERVICE", "RECEIVED", "SUMMARY")
			for _, a := range l.Items {
				t.row(a.ID, a.Status, a.Severity, a.Service, a.ReceivedAt, a.Summary)
			}
			t.more(l.Next)
		})
	}}
	p.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&status, "status", "firing", `firing, resolved, or "" for both`)
	f.StringVar(&service, "service", "", "of this service")
	f.StringVar(&severity, "severity", "", "critical, error, warning or info")
	f.StringVar(&matcher, "matcher", "", `on labels, like team="core",env!~"dev|test"`)
	f.StringVar(&text, "q", "", "part of the summary")
	return cmd
}

func alertShow(g *globals) *cobra.Command {
	return &cobra.Command{Use: "show ALERT", Short: "One alert and what happened to it", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		path := "/alerts/" + id(args[0])
		return do(cmd, g, request{method: "GET", path: path}, func(t *table, a alert.State) {
			printAlert(t, a)
			g.timeline(cmd, t, path)
		})
	}}
}

func printAlert(t *table, a alert.State) {
	t.pair("alert", a.ID)
	t.pair("summary", a.Summary)
	t.pair("status", a.Status)
	t.pair("severity", a.Severity)
	t.pair("service", a.Service)
	t.pair("integration", a.Integration)
	t.pair("key", a.DedupKey)
	t.pair("labels", a.Labels)
	t.pair("since", a.StartsAt)
	t.pair("resolved", a.ResolvedAt)
	t.pair("received", a.Count)
}

// timeline adds the timeline of a thing; it is left out if it cannot be read.
func (g *globals) timeline(cmd *cobra.Command, t *table, path string) {
	l, err := timelineOf(cmd.Context(), g, path)
	if err != nil {
		return
	}
	t.text("")
	t.timeline(l.Items)
}

func timelineOf(ctx context.Context, g *globals, path string) (l api.List[api.Entry], err error) {
	c, err := NewClient(g.URL, g.Token)
	if err != nil {
		return l, err
	}
	return send[api.List[api.Entry]](ctx, c, request{method: "GET", path: path + "/timeline"})
}

func alertResolve(g *globals) *cobra.Command {
	return &cobra.Command{Use: "resolve ALERT", Short: "Resolve an alert by hand", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd, g, request{method: "POST", path: "/alerts/" + id(args[0]) + "/resolve"}, printAlert)
	}}
}

func pageCommand(g *globals) *cobra.Command {
	cmd := group("page", "Pages: list, show, answer, ask why", pageList(g), pageShow(g), pageWhy(g), pageAhead(g))
	for _, x := range []struct{ use, verb, short string }{
		{"ack", "acknowledge", "Say that you have it: telling stops"},
		{"escalate", "escalate", "Tell the next step of the policy now"},
		{"resolve", "resolve", "End a page and close its alerts"},
	} {
		cmd.AddCommand(&cobra.Command{Use: x.use + " PAGE", Short: x.short, Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
			return do(cmd, g, request{method: "POST", path: "/pages/" + id(args[0]) + "/" + x.verb}, printPage)
		}})
	}
	return cmd
}

func pageList(g *globals) *cobra.Command {
	var p paging
	var all bool
	var service, user string
	cmd := &cobra.Command{Use: "list", Short: "List open pages, newest first", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		q := p.query()
		if !all {
			q.Set("open", "true")
		}
		put(q, "service", service)
		put(q, "user", user)
		return do(cmd, g, request{method: "GET", path: "/pages", query: q}, func(t *table, l api.List[api.Page]) {
			t.row("ID", "STATUS", "URGENCY", "SERVICE", "OPENED", "BY", "TITLE")
			for _, x := range l.Items {
				t.row(x.ID, x.Status, x.Urgency, x.Service, x.OpenedAt, strings.TrimSpace(x.AckedBy+" "+x.ResolvedBy), x.Title)
			}
			t.more(l.Next)
		})
	}}
	p.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "resolved ones too")
	cmd.Flags().StringVar(&service, "service", "", "of this service")
	cmd.Flags().StringVar(&user, "user", "", "told to this person")
	return cmd
}

func pageShow(g *globals) *cobra.Command {
	return &cobra.Command{Use: "show PAGE", Short: "One page, its messages and what happened", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		path := "/pages/" + id(args[0])
		return do(cmd, g, request{method: "GET", path: path}, func(t *table, p api.Page) {
			printPage(t, p)
			if len(p.Messages) > 0 {
				t.text("")
				t.row("TOLD", "WHO", "BY", "STEP", "OUTCOME")
				for _, m := range p.Messages {
					t.row(m.At, m.User, m.Contact, m.Step, m.Outcome)
				}
			}
			g.timeline(cmd, t, path)
		})
	}}
}

func printPage(t *table, p api.Page) {
	t.pair("page", p.ID)
	t.pair("title", p.Title)
	t.pair("status", p.Status)
	t.pair("urgency", p.Urgency)
	t.pair("service", p.Service)
	t.pair("policy", p.Policy)
	t.pair("incident", p.Incident)
	t.pair("alerts", p.Alerts)
	t.pair("opened", p.OpenedAt)
	t.pair("acknowledged", strings.TrimSpace(cell(p.AckedAt)+" "+p.AckedBy))
	t.pair("resolved", strings.TrimSpace(cell(p.ResolvedAt)+" "+p.ResolvedBy))
	t.pair("muted by", p.MutedBy)
	t.pair("step", p.Step)
	if p.Next != "" {
		t.pair("next", nextWords[p.Next]+" at "+cell(p.NextAt))
	}
	t.pair("nobody on call", p.Nobody)
	t.pair("unanswered", p.Unanswered)
}

var nextWords = map[string]string{"rung": "the next step", "repeat": "the steps again", "fallback": "the fallback", "reopen": "the acknowledgement lapses"}

func pageWhy(g *globals) *cobra.Command {
	var user string
	cmd := &cobra.Command{Use: "why PAGE", Short: "Why a person was told of a page, or why not", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		r := request{method: "GET", path: "/pages/" + id(args[0]) + "/why", query: url.Values{"user": {user}}}
		return do(cmd, g, r, func(t *table, v explain.Verdict) { t.text(v.Sentence) })
	}}
	cmd.Flags().StringVar(&user, "user", "", "the person's id")
	return needed(cmd, "user")
}

func pageAhead(g *globals) *cobra.Command {
	var horizon string
	cmd := &cobra.Command{Use: "ahead PAGE", Short: "What happens to a page if nobody answers", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		r := request{method: "GET", path: "/pages/" + id(args[0]) + "/ahead", query: url.Values{"horizon": {horizon}}}
		return do(cmd, g, r, func(t *table, l api.List[explain.Step]) { printSteps(t, l.Items) })
	}}
	cmd.Flags().StringVar(&horizon, "horizon", "1h", "how far to look")
	return cmd
}

func printSteps(t *table, steps []explain.Step) {
	if len(steps) == 0 {
		t.text("Nothing happens.")
	}
	for _, s := range steps {
		t.row("+"+plan.Duration(s.After.Std().Round(time.Second)).String(), s.Text, "because "+s.Why.Text)
	}
}

func explainCommand(g *globals) *cobra.Command {
	var b api.ExplainBody
	var at, folder string
	var vars map[string]string
	cmd := &cobra.Command{Use: "explain [LABEL=VALUE...]", Short: "What would become of an alert: which route, who is told, how, when, why",
		Example: "  tocsin explain team=database env=prod --severity critical --integration prometheus",
		RunE: func(cmd *cobra.Command, args []string) error {
			b.Labels = map[string]string{}
			for _, a := range args {
				name, value, ok := strings.Cut(a, "=")
				if !ok || name == "" {
					return exit(ExitUsage, "%q is not a label like team=database", a)
				}
				b.Labels[name] = value
			}
			var err error
			if b.At, err = instant("at", at); err != nil {
				return err
			}
			if folder != "" {
				a, err := explainFolder(folder, vars, b)
				if err != nil {
					return failed(err)
				}
				return g.printFolder(a)
			}
			return do(cmd, g, request{method: "POST", path: "/explain", body: b}, printExplanation)
		}}
	f := cmd.Flags()
	f.StringVar(&b.Severity, "severity", "", "critical, error, warning or info")
	f.StringVar(&b.Integration, "integration", "", "the integration that it comes in by")
	f.StringVar(&b.Service, "service", "", "the service that its sender names")
	f.StringVar(&at, "at", "", "when, like 2026-03-29T02:30:00Z; now if absent")
	f.StringVar(&b.Horizon, "horizon", "1h", "how far to look ahead")
	f.StringVar(&folder, "plan", "", "ask a plan folder instead of a server: what would its plan do")
	f.StringToStringVar(&vars, "var", nil, "with --plan: value of ${NAME} in the files, as NAME=VALUE")
	return cmd
}

func printExplanation(t *table, a explain.Answer) {
	t.pair("at", a.At)
	t.pair("route", a.Route+", because "+a.Why.Text)
	t.pair("service", a.Service)
	t.pair("policy", a.Policy)
	t.pair("urgency", a.Urgency)
	if len(a.Group) > 0 {
		t.pair("group", a.Group)
	}
	if a.Muted != nil {
		t.pair("muted", a.Muted.Text+", until "+cell(a.MutedUntil)+" at least")
	}
	t.text("")
	printSteps(t, a.Steps)
	if a.Cut {
		t.text("More happens than can be listed.")
	}
	for _, also := range a.Also {
		t.text("")
		t.text("And also, since a route before it continues:")
		printExplanation(t, also)
	}
}
