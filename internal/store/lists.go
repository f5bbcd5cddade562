package store

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
)

var (
	alertUpsert = &bulk{types: "ttttttnnt",
		into: `INSERT INTO alert (id, stream, status, severity, service, folded, received_at, resolved_at, state)`,
		after: `ON CONFLICT (id) DO UPDATE SET status = excluded.status, severity = excluded.severity, service = excluded.service,` +
			` folded = excluded.folded, resolved_at = excluded.resolved_at, state = excluded.state`}
	labelInsert = &bulk{types: "ttt", into: `INSERT INTO alert_label (name, value, alert)`, after: `ON CONFLICT (name, value, alert) DO NOTHING`}
	pageUpsert  = &bulk{types: "tttttnn",
		into: `INSERT INTO page (id, status, service, incident, urgency, opened_at, resolved_at)`,
		after: `ON CONFLICT (id) DO UPDATE SET status = excluded.status, incident = excluded.incident,` +
			` urgency = excluded.urgency, resolved_at = excluded.resolved_at`}
	toldInsert     = &bulk{types: "tt", into: `INSERT INTO page_told (person, page)`, after: `ON CONFLICT (person, page) DO NOTHING`}
	incidentUpsert = &bulk{types: "nttnttnn",
		into: `INSERT INTO incident (number, id, status, severity, service, folded, declared_at, resolved_at)`,
		after: `ON CONFLICT (number) DO UPDATE SET status = excluded.status, severity = excluded.severity, service = excluded.service,` +
			` folded = excluded.folded, resolved_at = excluded.resolved_at`}
)

// fold makes text comparable without regard to letter case. It is done here
// because the databases disagree about anything but ASCII.
func fold(s string) string { return strings.ToLower(s) }

// drafts are the rows that a batch's states leave in the lists, the last one of
// each id. A batch may hold two alerts of one stream: one that ends and the
// next.
type drafts struct {
	at   map[string]int
	rows [][]any
}

func (d *drafts) put(key string, row []any) {
	if d.at == nil {
		d.at = map[string]int{}
	}
	if i, ok := d.at[key]; ok {
		d.rows[i] = row
		return
	}
	d.at[key] = len(d.rows)
	d.rows = append(d.rows, row)
}

func (p *pen) lists() error {
	var alerts, labels, pages, told, incidents drafts
	for _, c := range p.b.States {
		switch st := c.State.(type) {
		case *alert.State:
			data, err := p.alertText(st)
			if err != nil {
				return err
			}
			alerts.put(st.ID, []any{st.ID, string(c.Stream), string(st.Status), string(st.Severity), st.Service, fold(st.Summary),
				micros(st.ReceivedAt), micros(st.ResolvedAt), data})
			if young(st) {
				for _, l := range indexed(st.Labels) {
					labels.put(l.name+"\x00"+l.value+"\x00"+st.ID, []any{l.name, l.value, st.ID})
				}
			}
		case *page.State:
			pages.put(st.ID, []any{st.ID, string(st.Status), st.Service, st.Incident, string(st.Urgency), micros(st.OpenedAt), micros(st.ResolvedAt)})
			for _, call := range st.Calls {
				told.put(call.User+"\x00"+st.ID, []any{call.User, st.ID})
			}
		case *incident.State:
			n, err := incidentNumber(st.ID)
			if err != nil {
				return err
			}
			incidents.put(st.ID, []any{n, st.ID, string(st.Status), int64(st.Severity), st.Service, fold(st.Title), micros(st.DeclaredAt), micros(st.ResolvedAt)})
		}
	}
	for _, w := range []struct {
		b *bulk
		d *drafts
	}{{alertUpsert, &alerts}, {labelInsert, &labels}, {pageUpsert, &pages}, {toldInsert, &told}, {incidentUpsert, &incidents}} {
		if _, err := p.many(w.b, w.d.rows); err != nil {
			return err
		}
	}
	return nil
}

func (p *pen) alertText(a *alert.State) (string, error) {
	if data, ok := p.encoded[a]; ok {
		return data, nil
	}
	data, err := core.Encode(a)
	if err != nil {
		return "", fmt.Errorf("write alert %s: %w", a.ID, err)
	}
	return string(data), nil
}

// young says whether the alert may be new to the list. Its labels are those of
// its first signal and never change, so a repeat need not write them again; a
// new alert that was repeated inside of its first batch must.
func young(a *alert.State) bool {
	return a.Count <= 1 || a.UpdatedAt.Sub(a.ReceivedAt) < 10*time.Second
}

// incidentNumber is the number in an incident's id.
func incidentNumber(id string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "INC-"), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("incident id %q has no number", id)
	}
	return n, nil
}

// maxLabels and maxLabelBytes bound what one alert may put into the label
// table. Longer values and later names are still matched, from the state.
const (
	maxLabels     = 32
	maxLabelBytes = 256
)

type label struct{ name, value string }

func indexable(name, value string) bool {
	return value != "" && len(name) <= maxLabelBytes && len(value) <= maxLabelBytes
}

// indexed are the labels that go into the label table.
func indexed(all map[string]string) []label {
	var out []label
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if len(out) == maxLabels {
			break
		}
		if v := all[n]; indexable(n, v) {
			out = append(out, label{n, v})
		}
	}
	return out
}
