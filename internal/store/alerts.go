package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/signal"
)

// Alert reads one alert, open or over; nil if there is none.
func (s *Store) Alert(ctx context.Context, id string) (*alert.State, error) {
	a, err := one(ctx, s, "read an alert", scanAlert, `SELECT state FROM alert WHERE id = $1`, id)
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

// What a list that no index answers may look at: portions of so many alerts,
// and so many portions. What lies further back is found by narrowing the
// filter, or by going on before the last one seen.
const (
	portion     = 500
	maxPortions = 40
)

// Alerts lists alerts, newest first.
//
// A label that must have a value is looked up in the label table. Expressions
// and negations are tried on each alert that is left.
func (s *Store) Alerts(ctx context.Context, f alert.Filter) ([]*alert.State, error) {
	limit := int(bound(f.Limit))
	rest := residual(f.Matchers)
	if len(rest) == 0 && f.Text == "" {
		return s.alertPortion(ctx, f, f.Before, limit)
	}
	var out []*alert.State
	before, folded := f.Before, fold(f.Text)
	for range maxPortions {
		part, err := s.alertPortion(ctx, f, before, portion)
		if err != nil {
			return nil, err
		}
		for _, a := range part {
			if strings.Contains(fold(a.Summary), folded) && rest.Matches(a.Labels) {
				if out = append(out, a); len(out) == limit {
					return out, nil
				}
			}
		}
		if len(part) < portion {
			break
		}
		before = part[len(part)-1].ID
	}
	return out, nil
}

// alertPortion reads what indexes can answer.
//
// The label table holds the ids of a name and value in order, so the newest of
// them are at its end and nothing is sorted. Among open alerts there is no need
// for it: they are few, and their labels are looked up one by one.
func (s *Store) alertPortion(ctx context.Context, f alert.Filter, before string, limit int) ([]*alert.State, error) {
	labels, err := s.rarestFirst(ctx, f)
	if err != nil {
		return nil, err
	}
	from, id, w := `SELECT a.state FROM alert AS a`, `a.id`, &where{}
	if len(labels) > 0 && f.Status != alert.Firing {
		from, id = `SELECT a.state FROM alert_label AS l JOIN alert AS a ON a.id = l.alert`, `l.alert`
		w.add(`l.name = `, labels[0].Name)
		w.add(`l.value = `, labels[0].Value)
		labels = labels[1:]
	}
	for _, m := range labels {
		w.parts = append(w.parts, `EXISTS (SELECT 1 FROM alert_label AS x WHERE x.name = `+w.arg(m.Name)+` AND x.value = `+w.arg(m.Value)+` AND x.alert = a.id)`)
	}
	switch f.Status {
	case "":
	case alert.Firing: // as a constant, so that the index of open alerts serves
		w.when(`a.status = 'firing'`)
	default:
		w.add(`a.status = `, string(f.Status))
	}
	if f.Service != "" {
		w.add(`a.service = `, f.Service)
	}
	if f.Severity != "" {
		w.add(`a.severity = `, string(f.Severity))
	}
	if !f.Since.IsZero() {
		w.add(`a.received_at >= `, micros(f.Since))
	}
	if before != "" {
		w.add(id+` < `, before)
	}
	query := from + w.text() + ` ORDER BY ` + id + ` DESC LIMIT ` + w.arg(int64(limit))
	return list(ctx, s, "list alerts", scanAlert, query, w.args...)
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
