package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/signal"
)

// Alert reads one alert, open or over; nil if there is none.
func (s *Store) Alert(ctx context.Context, id string) (*alert.State, error) {
	a, err := one(ctx, s, scanAlert, ask("read an alert", `SELECT state FROM alert WHERE id = $1`, id))
	if err != nil || a == nil {
		return nil, err
	}
	return *a, nil
}

func scanAlert(rows *sql.Rows) (*alert.State, error) {
	var data []byte
	if err := rows.Scan(&data); err != nil {
		return nil, err
	}
	a := new(alert.State)
	return a, json.Unmarshal(data, a)
}

// What a list that no index answers may look at, so that no question is endless:
// 20,000 alerts one by one, a million by their summary alone. What lies further
// back is found by narrowing the filter, or by going on before the last one seen.
const (
	portion     = 500
	maxPortions = 40
	textPortion = 25_000
)

// Alerts lists alerts, newest first.
//
// A label that must have a value is looked up in the label table. Expressions
// and negations are tried on each alert that is left.
func (s *Store) Alerts(ctx context.Context, f alert.Filter) ([]*alert.State, error) {
	labels, err := s.rarestFirst(ctx, f)
	if err != nil {
		return nil, err
	}
	limit, rest := int(bound(f.Limit)), residual(f.Matchers)
	read := s.alertPortion
	switch {
	case f.Text != "":
		read = s.textPortion
	case len(rest) == 0:
		part, err := s.alertPortion(ctx, alertQuery{Filter: f, labels: labels, limit: limit})
		return part.alerts, err
	}
	var out []*alert.State
	for q, n := (alertQuery{Filter: f, labels: labels, limit: portion}), 0; n < maxPortions; n++ {
		part, err := read(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, a := range part.alerts {
			if rest.Matches(a.Labels) {
				if out = append(out, a); len(out) == limit {
					return out, nil
				}
			}
		}
		if part.next == "" {
			break
		}
		q.Before = part.next
	}
	return out, nil
}

// alertQuery is a filter with its labels in the order in which they serve.
type alertQuery struct {
	alert.Filter
	labels signal.Matchers
	limit  int
}

// alertPart is what a portion held. next is where the following one begins;
// empty at the end.
type alertPart struct {
	alerts []*alert.State
	next   string
}

func (p alertPart) full(limit int) alertPart {
	if len(p.alerts) == limit {
		p.next = p.alerts[limit-1].ID
	}
	return p
}

// alertPortion reads what indexes can answer.
func (s *Store) alertPortion(ctx context.Context, q alertQuery) (alertPart, error) {
	from, id, w := q.parts()
	query := `SELECT a.state` + from + w.text() + ` ORDER BY ` + id + ` DESC LIMIT ` + w.arg(int64(q.limit))
	all, err := list(ctx, s, scanAlert, ask("list alerts", query, w.args...))
	return alertPart{alerts: all}.full(q.limit), err
}

// textPortion looks for the text in the next so many summaries.
func (s *Store) textPortion(ctx context.Context, q alertQuery) (alertPart, error) {
	from, id, w := q.parts()
	candidates := `(SELECT ` + id + ` AS id, a.folded AS folded` + from + w.text() + ` ORDER BY ` + id + ` DESC LIMIT ` + w.arg(int64(textPortion)) + `) AS c`
	args := slices.Clone(w.args)
	query := `SELECT a.state FROM ` + candidates + ` JOIN alert AS a ON a.id = c.id WHERE c.folded LIKE ` + w.arg(contains(q.Text)) +
		` ESCAPE '\' ORDER BY c.id DESC LIMIT ` + w.arg(int64(q.limit))
	all, err := list(ctx, s, scanAlert, ask("list alerts", query, w.args...))
	part := alertPart{alerts: all}.full(q.limit)
	if err != nil || part.next != "" {
		return part, err
	}
	var n int64
	var last string
	if err := s.db.reads().QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(c.id), '') FROM `+candidates, clean(args)...).Scan(&n, &last); err != nil {
		return part, s.wrap("list alerts", err)
	}
	if n == textPortion {
		part.next = last
	}
	return part, nil
}

// parts are what the query reads from, the id that it is ordered by, and its
// conditions.
//
// The label table holds the ids of a name and value in order, so the newest of
// them are at its end and nothing is sorted. Among open alerts there is no need
// for it: they are few, and their labels are looked up one by one.
func (q alertQuery) parts() (from, id string, w *where) {
	from, id, w = ` FROM alert AS a`, `a.id`, &where{}
	labels := q.labels
	if len(labels) > 0 && q.Status != alert.Firing {
		from, id = ` FROM alert_label AS l JOIN alert AS a ON a.id = l.alert`, `l.alert`
		w.add(`l.name = `, labels[0].Name)
		w.add(`l.value = `, labels[0].Value)
		labels = labels[1:]
	}
	for _, m := range labels {
		// Compared, not EXISTS: PostgreSQL turns that into a join, and without
		// fresh statistics into one that takes seconds.
		w.parts = append(w.parts, `(SELECT 1 FROM alert_label AS x WHERE x.name = `+w.arg(m.Name)+` AND x.value = `+w.arg(m.Value)+` AND x.alert = `+id+`) = 1`)
	}
	switch q.Status {
	case "":
	case alert.Firing: // as a constant, so that the index of open alerts serves
		w.when(`a.status = 'firing'`)
	default:
		w.add(`a.status = `, string(q.Status))
	}
	if q.Service != "" {
		w.add(`a.service = `, q.Service)
	}
	if q.Severity != "" {
		w.add(`a.severity = `, string(q.Severity))
	}
	if !q.Since.IsZero() {
		w.add(`a.received_at >= `, micros(q.Since))
	}
	if q.Before != "" {
		w.add(id+` < `, q.Before)
	}
	return from, id, w
}

// rarestFirst are the matchers that the label table answers. Where it drives
// the list, the rarest of them does: counted no further than matters.
func (s *Store) rarestFirst(ctx context.Context, f alert.Filter) (signal.Matchers, error) {
	var labels signal.Matchers
	for _, m := range f.Matchers {
		if lookedUp(m) {
			labels = append(labels, m)
		}
	}
	if len(labels) < 2 || f.Status == alert.Firing {
		return labels, nil
	}
	counts := make(map[string]int64, len(labels))
	for _, m := range labels {
		var n int64
		err := s.db.reads().QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM alert_label WHERE name = $1 AND value = $2 LIMIT 1000) AS found`,
			clean([]any{m.Name, m.Value})...).Scan(&n)
		if err != nil {
			return nil, s.wrap("list alerts", err)
		}
		counts[m.String()] = n
	}
	slices.SortStableFunc(labels, func(a, b signal.Matcher) int { return cmp.Compare(counts[a.String()], counts[b.String()]) })
	return labels, nil
}

// lookedUp says whether the label table answers the matcher.
func lookedUp(m signal.Matcher) bool {
	return m.Op == signal.Equal && indexable(m.Name, m.Value)
}

// residual are the matchers that the label table does not answer.
func residual(all signal.Matchers) signal.Matchers {
	var rest signal.Matchers
	for _, m := range all {
		if !lookedUp(m) {
			rest = append(rest, m.Compiled())
		}
	}
	return rest
}
