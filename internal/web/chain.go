package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// Step is one decision of a Why chain, or one line of a timeline.
type Step struct {
	ID, Icon, Tone string
	Text           string
	At             Stamp
	Why            string
	Rule, RuleHref string
	By             string
	Ahead          bool // it has not happened
	Turn           bool // a heading between steps
	Receipts       []Receipt
}

// Receipt is what became of one message.
type Receipt struct {
	Mark Mark
	Text string
}

// looks says how a kind of fact looks: its icon, and the colour of a state.
var looks = map[string][2]string{
	"alert.fired": {"firing", "red"}, "alert.resolved": {"resolved", "green"}, "alert.routed": {"split", ""}, "alert.acknowledged": {"acked", "amber"}, "alert.reassessed": {"change", ""},
	"change.received": {"change", ""},
	"group.muted":     {"muted", ""}, "group.unmuted": {"bell", ""}, "group.held": {"clock", ""}, "group.page-wanted": {"bell", "red"}, "group.joined": {"group", ""}, "group.recorded": {"note", ""},
	"group.never-paged": {"resolved", ""}, "group.left": {"resolved", ""}, "group.cleared": {"resolved", "green"}, "group.quieted": {"muted", ""}, "group.awakened": {"bell", "red"}, "group.worsened": {"up", "red"},
	"page.opened": {"bell", "red"}, "page.climbed": {"up", ""}, "page.nobody-on-call": {"warn", "red"}, "page.unreachable": {"warn", "red"}, "page.skipped": {"warn", "amber"}, "page.told": {"send", ""},
	"page.withdrawn": {"cross", ""}, "page.acknowledged": {"acked", "amber"}, "page.reopened": {"bell", "red"}, "page.ran-out": {"warn", "red"}, "page.muted": {"muted", ""}, "page.attached": {"incident", ""}, "page.resolved": {"resolved", "green"},
	"notification.arrived": {"check", "green"}, "notification.failing": {"warn", "amber"}, "notification.gave-up": {"cross", "red"}, "notification.held": {"clock", ""}, "notification.folded": {"group", ""}, "notification.withdrawn": {"cross", ""},
	"incident.declared": {"incident", "red"}, "incident.page-linked": {"bell", ""}, "incident.severity": {"change", ""}, "incident.status": {"change", ""}, "incident.renamed": {"change", ""}, "incident.note": {"note", ""},
	"incident.summoned": {"people", ""}, "incident.merged": {"split", ""}, "incident.took-over": {"split", ""},
	"board.put": {"silence", ""}, "board.taken-down": {"bell", ""}, "board.began": {"clock", ""}, "board.over": {"clock", ""},
	"watch.raised": {"eye", ""}, "watch.soft-failure": {"eye", "amber"}, "contact.code-sent": {"send", ""}, "contact.verified": {"check", "green"}, "contact.wrong-code": {"warn", "amber"},
}

// steps turns entries of the journal into a chain. rows, if there are any,
// give each told message its receipt; then the receipts' own entries are left
// out, since they say the same again.
func (e *eye) steps(entries []fact.Entry, rows []notification.Row) []Step {
	byID := map[string]notification.Row{}
	for _, r := range rows {
		byID[r.ID] = r
	}
	var out []Step
	for _, x := range entries {
		if x.Text == "" || (len(rows) > 0 && strings.HasPrefix(x.Kind, "notification.")) {
			continue
		}
		s := e.step(x)
		if row, ok := byID[toldMessage(x)]; ok {
			s.Receipts = []Receipt{e.receipt(row)}
		}
		out = append(out, s)
	}
	return out
}

func (e *eye) step(x fact.Entry) Step {
	look, ok := looks[x.Kind]
	if !ok {
		look = [2]string{"note", ""}
	}
	s := Step{ID: fmt.Sprintf("f%d", x.Pos), Icon: look[0], Tone: look[1], Text: x.Text, At: e.stamp(x.At), Why: x.Why.Text}
	s.Rule, s.RuleHref = ruleLink(x.Why.Rule, x.Plan)
	return s
}

func toldMessage(x fact.Entry) string {
	if x.Kind != (page.Told{}).FactKind() {
		return ""
	}
	var body struct {
		Message struct {
			ID string `json:"id"`
		} `json:"message"`
	}
	_ = json.Unmarshal(x.Body, &body)
	return body.Message.ID
}

func (e *eye) receipt(r notification.Row) Receipt {
	text := r.Detail
	if r.Error != "" && r.Outcome != notification.OutcomeDelivered && r.Outcome != notification.OutcomeAccepted {
		text = r.Error
	}
	if r.Attempts > 1 {
		text = strings.TrimSpace(text + fmt.Sprintf(" (attempt %d)", r.Attempts))
	}
	if !r.Again.IsZero() && r.Outcome == notification.OutcomeFailing {
		text += ", again " + e.stamp(r.Again).Rel()
	}
	if r.Into != "" {
		text = "carried by message " + r.Into
	}
	return Receipt{Mark: markDelivery(r.Outcome), Text: text}
}

// ruleLink leads from a reason's rule to the page that shows it. Rules of the
// plan name the version that they were read from.
func ruleLink(rule string, version int64) (text, href string) {
	kind, rest, ok := strings.Cut(rule, " ")
	if !ok {
		return rule, ""
	}
	id, _, _ := strings.Cut(rest, ",")
	own := map[string]string{"silence": "/silences/", "maintenance": "/maintenance/", "page": "/pages/", "incident": "/incidents/"}
	if base, ok := own[kind]; ok {
		return rule, base + id
	}
	named := map[string]string{"schedule": "/schedules/", "integration": "/integrations/", "check": "/checks/", "heartbeat": "/checks/"}
	if base, ok := named[kind]; ok {
		return rule, base + id
	}
	if slices.Contains([]string{"policy", "route"}, kind) {
		return fmt.Sprintf("%s, plan v%d", rule, version), fmt.Sprintf("/plan/versions/%d", version)
	}
	return rule, ""
}

// futureSteps is what will happen, drawn dashed below the present.
func (e *eye) futureSteps(p *page.State) []Step {
	var out []Step
	for _, a := range e.ahead(p) {
		out = append(out, Step{Icon: a.Icon, Text: a.Text, At: e.stamp(a.At), Rule: a.Rule, Ahead: true, Why: "unless somebody answers"})
	}
	return out
}
