package web

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"tocsin/internal/core/explain"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Mapper says what the generic webhook would make of a request. It touches
// nothing. The field of a Wrong is the mapping's, after "events[3]." where only
// one event of several is meant; it is empty for the body.
type Mapper interface {
	// Check compiles a mapping.
	Check(mapping map[string]string) []Wrong
	Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []Wrong)
}

// mappedType is the type of integration that has a mapping.
const mappedType = "webhook"

// Bounds of one preview: how many signals are shown, and of how many the
// future is worked out.
const (
	maxTried     = 20
	maxRehearsed = 5
	maxAhead     = 12
)

// tryFields are what a mapping may set, with a word on each. Several lines are
// given to those that are lists or maps.
var tryFields = []Input{
	{Name: "each", Label: "Each", Kind: "text", Help: "A list; one event for each item, then called event.", Hint: "body.jobs"},
	{Name: "action", Label: "Action", Kind: "text", Help: "trigger, acknowledge, resolve or change.", Hint: `event.state == "FAIL" ? "trigger" : "resolve"`},
	{Name: "dedup_key", Label: "Dedup key", Kind: "text", Help: "What makes two events the same alert.", Hint: `"job/" + event.name`},
	{Name: "summary", Label: "Summary", Kind: "text", Hint: `event.name + " failed on " + event.node`},
	{Name: "severity", Label: "Severity", Kind: "text", Help: "critical, error, warning or info.", Hint: `event.?level.orValue("warning")`},
	{Name: "source", Label: "Source", Kind: "text", Hint: "event.node"},
	{Name: "service", Label: "Service", Kind: "text", Hint: "event.app"},
	{Name: "labels", Label: "Labels", Kind: "text", Hint: `{"job": event.name}`},
	{Name: "links", Label: "Links", Kind: "text", Hint: `[{"href": event.url, "text": "log"}]`},
	{Name: "details", Label: "Details", Kind: "text", Hint: "event"},
}

// tryBody is a first payload to play with.
const tryBody = `{
  "summary": "Disk of db1 is full",
  "status": "firing",
  "severity": "critical",
  "source": "db1",
  "dedup_key": "db1-disk"
}`

// tryPrefix keeps the mapping's fields apart from the page's other forms.
const tryPrefix = "map-"

type tryView struct {
	ID      string
	Payload []Input
	Mapping []Input
	Errors  []Wrong
	Asked   bool
	Tried   []TrySignal
	More    int
	YAML    string
	Save    bool
}

// TrySignal is a signal as it would become, and what would follow.
type TrySignal struct {
	Key, Summary, Source string
	Mark                 Mark
	Severity             signal.Severity
	Service              Named
	Labels               []Pair
	Words                string // what an event that pages nobody does
	Roads                []TryRoad
}

// TryRoad is a route that takes the signal, and what happens if nobody answers.
type TryRoad struct {
	Route, Why string
	Steps      []Step
	Cut        bool
}

// tryOf is the empty form; nil where there is nothing to map.
func (c *call) tryOf(in *plan.Integration) *tryView {
	if c.s.Mapper == nil || in.Type != mappedType {
		return nil
	}
	v := &tryView{ID: in.ID, Save: c.mayChange(), Payload: []Input{
		{Name: "body", Label: "Payload", Kind: "code", Required: true, Value: tryBody, Help: "What the source would post. Nothing is sent to anybody."},
		{Name: "headers", Label: "Headers", Kind: "code", Help: "One a line, like X-Env: prod."}}}
	v.fill(in.Mapping)
	return v
}

// fill puts a mapping into its fields. A field of several lines stays one.
func (v *tryView) fill(mapping map[string]string) {
	v.Mapping = slices.Clone(tryFields)
	for i := range v.Mapping {
		f := &v.Mapping[i]
		f.Value = mapping[f.Name]
		if strings.Contains(f.Value, "\n") {
			f.Kind = "area"
		}
		f.Name = tryPrefix + f.Name
	}
}

// integrationTry previews a payload, or saves the mapping that was tried.
func (c *call) integrationTry() error {
	if err := c.parse(); err != nil {
		return err
	}
	in := c.plan.Integration(c.r.PathValue("id"))
	if in == nil {
		return gone("integration", c.r.PathValue("id"))
	}
	v := c.tryOf(in)
	if v == nil {
		return gone("mapping of", in.ID)
	}
	mapping := map[string]string{}
	for _, f := range tryFields {
		if text := strings.TrimSpace(strings.ReplaceAll(c.r.Form.Get(tryPrefix+f.Name), "\r\n", "\n")); text != "" {
			mapping[f.Name] = text
		}
	}
	v.fill(mapping)
	v.Payload = Form{Fields: v.Payload}.filled(c.r).Fields
	if c.value("do") == "save" {
		return c.saveMapping(in.ID, mapping, v)
	}
	headers, err := headersOf(c.r.Form.Get("headers"))
	if err != nil {
		v.wrong([]Wrong{{"headers", err.Error()}})
		return c.integrationTried(in.ID, http.StatusUnprocessableEntity, v)
	}
	signals, wrongs := c.s.Mapper.Preview(mapping, headers, []byte(c.r.Form.Get("body")))
	v.wrong(wrongs)
	v.Asked, v.YAML = true, mappingYAML(in.ID, mapping)
	if len(signals) > maxTried {
		signals, v.More = signals[:maxTried], len(signals)-maxTried
	}
	for i, s := range signals {
		t := c.tried(s)
		if s.Action == signal.Trigger && i < maxRehearsed {
			if t.Roads, err = c.roads(in.ID, s); err != nil {
				return err
			}
		}
		v.Tried = append(v.Tried, t)
	}
	status := http.StatusOK
	if len(signals) == 0 && len(wrongs) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return c.integrationTried(in.ID, status, v)
}

// saveMapping makes a new version of the plan. An expression that only this
// payload upsets does not stand in its way; one that cannot be read does.
func (c *call) saveMapping(id string, mapping map[string]string, v *tryView) error {
	if !c.role.May(Admin) {
		return c.notForRole(Admin)
	}
	if wrongs := c.s.Mapper.Check(mapping); len(wrongs) > 0 {
		v.wrong(wrongs)
		return c.integrationTried(id, http.StatusUnprocessableEntity, v)
	}
	err := c.change("integration "+id+" has a new mapping", func(p *plan.Plan) error {
		for i := range p.Integrations {
			if p.Integrations[i].ID == id {
				p.Integrations[i].Mapping = mapping
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.done("/integrations/"+id, "The mapping is saved and in force.")
}

// wrong puts each mistake beside the field that it is about.
func (v *tryView) wrong(wrongs []Wrong) {
	for _, w := range wrongs {
		event, name, one := strings.Cut(w.Field, "].")
		if one {
			w.Text = event + "]: " + w.Text
		} else {
			name = w.Field
		}
		place := v.place(name)
		if place == nil {
			v.Errors = append(v.Errors, Wrong{"body", strings.TrimPrefix(name+": "+w.Text, ": ")})
			continue
		}
		v.Errors = append(v.Errors, Wrong{place.Name, place.Label + ": " + w.Text})
		if place.Wrong != "" {
			w.Text = place.Wrong + "; " + w.Text
		}
		place.Wrong = w.Text
	}
	if len(v.Errors) > maxTried {
		v.Errors = v.Errors[:maxTried]
	}
}

func (v *tryView) place(name string) *Input {
	for i := range v.Mapping {
		if v.Mapping[i].Name == tryPrefix+name {
			return &v.Mapping[i]
		}
	}
	for i := range v.Payload {
		if v.Payload[i].Name == cmp.Or(name, "body") {
			return &v.Payload[i]
		}
	}
	return nil
}

// headersOf reads "Name: value" lines.
func headersOf(text string) (http.Header, error) {
	h := http.Header{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" || strings.Contains(name, " ") {
			return nil, fmt.Errorf("line %d is not like Name: value", n)
		}
		h.Add(textproto.CanonicalMIMEHeaderKey(name), strings.TrimSpace(value))
	}
	return h, lines.Err()
}

// actions are what an event does, in a word and in a sentence.
var actions = map[signal.Action]struct {
	mark  Mark
	words string
}{
	signal.Trigger:     {Mark{"firing", "Triggers", "red"}, ""},
	signal.Resolve:     {Mark{"resolved", "Resolves", "green"}, "It ends the alert with this key, if one is firing; whoever was told is told that it is over."},
	signal.Acknowledge: {Mark{"acked", "Acknowledges", "amber"}, "It acknowledges the page of the alert with this key, if there is one."},
	signal.Change:      {Mark{"change", "Change", "grey"}, "It is kept as evidence beside the alerts. It alerts nobody."},
}

func (c *call) tried(s signal.Signal) TrySignal {
	a := actions[s.Action]
	t := TrySignal{Key: s.DedupKey, Summary: cmp.Or(s.Summary, "(without a summary)"), Source: s.Source, Mark: a.mark, Words: a.words, Severity: s.Severity, Labels: pairs(s.Labels)}
	if s.Service != "" {
		t.Service = c.service(s.Service)
	}
	return t
}

// roads plays the signal forward on every route that takes it.
func (c *call) roads(integration string, s signal.Signal) ([]TryRoad, error) {
	first, err := explain.Explain(explain.Question{Plan: c.plan, Board: c.board, At: c.now, Labels: s.Labels, Severity: s.Severity, Integration: integration, Service: s.Service})
	if err != nil {
		return nil, err
	}
	var out []TryRoad
	for _, a := range append([]explain.Answer{first}, first.Also...) {
		r := TryRoad{Route: sentence(a.Route), Why: a.Why.Text, Cut: a.Cut}
		for _, s := range a.Steps {
			if len(r.Steps) == maxAhead {
				r.Cut = true
				break
			}
			r.Steps = append(r.Steps, Step{Icon: aheadIcon(s.Kind), Text: s.Text, At: c.stamp(s.At), Why: s.Why.Text, Ahead: true})
		}
		out = append(out, r)
	}
	return out, nil
}

func aheadIcon(k explain.StepKind) string {
	switch k {
	case explain.Told:
		return "send"
	case explain.Muted, explain.Recorded:
		return "muted"
	case explain.Held:
		return "clock"
	case explain.Paged, explain.Unmuted, explain.Reopened:
		return "bell"
	case explain.Declared:
		return "incident"
	case explain.Climbed:
		return "up"
	}
	return "warn"
}

// mappingYAML is the mapping as it stands in a plan file.
func mappingYAML(id string, mapping map[string]string) string {
	if len(mapping) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "integrations:\n  %s:\n    mapping:\n", id)
	for _, f := range tryFields {
		if text, ok := mapping[f.Name]; ok {
			fmt.Fprintf(&b, "      %s: %s\n", f.Name, yamlText(text))
		}
	}
	return b.String()
}

// yamlText quotes a text so that YAML, and the plan's placeholders, leave it
// alone. JSON's strings are YAML's.
func yamlText(text string) string {
	text = strings.ReplaceAll(text, "${", "$${")
	plain := !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
	if plain {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	data, _ := json.Marshal(text) // a string always encodes
	return string(data)
}
