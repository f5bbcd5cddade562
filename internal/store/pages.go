package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"math"

	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/page"
)

// Pages lists pages, newest first.
func (s *Store) Pages(ctx context.Context, f page.Filter) ([]*page.State, error) {
	w := &where{}
	if f.User != "" {
		w.parts = append(w.parts, `p.id IN (SELECT page FROM page_told WHERE person = `+w.arg(f.User)+`)`)
	}
	if f.Open {
		w.when(`p.status <> 'resolved'`)
	}
	if f.Status != "" {
		w.add(`p.status = `, string(f.Status))
	}
	if f.Service != "" {
		w.add(`p.service = `, f.Service)
	}
	if f.Incident != "" {
		w.when(`p.incident <> ''`)
		w.add(`p.incident = `, f.Incident)
	}
	if f.Before != "" {
		w.add(`p.id < `, f.Before)
	}
	query := `SELECT s.state FROM page AS p JOIN stream AS s ON s.stream = 'page/' || p.id` + w.text() + ` ORDER BY p.id DESC LIMIT ` + w.arg(bound(f.Limit))
	return list(ctx, s, scanJSON[page.State], ask("list pages", query, w.args...))
}

// Page reads one page; nil if there is none.
func (s *Store) Page(ctx context.Context, id string) (*page.State, error) {
	return stateAs[page.State](ctx, s, page.Stream(id))
}

// Group reads the group that a page stands for; nil once it is over.
func (s *Store) Group(ctx context.Context, stream fact.Stream) (*alert.Group, error) {
	return stateAs[alert.Group](ctx, s, stream)
}

// Incidents lists incidents, newest first.
func (s *Store) Incidents(ctx context.Context, f incident.Filter) ([]*incident.State, error) {
	w := &where{}
	if f.Open {
		w.when(`i.status NOT IN ('resolved', 'merged')`)
	}
	if f.Service != "" {
		w.add(`i.service = `, f.Service)
	}
	if f.Severity != 0 {
		w.add(`i.severity = `, int64(f.Severity))
	}
	if f.Text != "" {
		w.parts = append(w.parts, `i.folded LIKE `+w.arg(contains(f.Text))+` ESCAPE '\'`)
	}
	if f.Before <= 0 {
		f.Before = math.MaxInt64
	}
	w.add(`i.number < `, f.Before)
	query := `SELECT s.state FROM incident AS i JOIN stream AS s ON s.stream = 'incident/' || i.id` + w.text() + ` ORDER BY i.number DESC LIMIT ` + w.arg(bound(f.Limit))
	return list(ctx, s, scanJSON[incident.State], ask("list incidents", query, w.args...))
}

// Incident reads one incident; nil if there is none.
func (s *Store) Incident(ctx context.Context, id string) (*incident.State, error) {
	return stateAs[incident.State](ctx, s, incident.Stream(id))
}

func scanJSON[T any](rows *sql.Rows) (*T, error) {
	var data []byte
	if err := rows.Scan(&data); err != nil {
		return nil, err
	}
	v := new(T)
	return v, json.Unmarshal(data, v)
}

// stateAs reads the state of one stream; nil if there is none.
func stateAs[T any](ctx context.Context, s *Store, stream fact.Stream) (*T, error) {
	v, err := one(ctx, s, scanJSON[T], ask("read "+stream.Kind(), `SELECT state FROM stream WHERE stream = $1`, string(stream)))
	if err != nil || v == nil {
		return nil, err
	}
	return *v, nil
}

// Counts are the open things, by service; what has no service stands under "".
type Counts struct {
	Alerts, Pages, Incidents map[string]int64
}

// Counts counts what is open. Only open rows are looked at: for alerts the
// expression keeps SQLite from walking all of a service's instead.
func (s *Store) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	for _, q := range []struct {
		into  *map[string]int64
		query string
	}{
		{&c.Alerts, `SELECT service || '', COUNT(*) FROM alert WHERE status = 'firing' GROUP BY 1 ORDER BY 1 LIMIT 100000`},
		{&c.Pages, `SELECT service, COUNT(*) FROM page WHERE status <> 'resolved' GROUP BY service ORDER BY service LIMIT 100000`},
		{&c.Incidents, `SELECT service, COUNT(*) FROM incident WHERE status NOT IN ('resolved', 'merged') GROUP BY service ORDER BY service LIMIT 100000`},
	} {
		*q.into = map[string]int64{}
		_, err := list(ctx, s, func(rows *sql.Rows) (struct{}, error) {
			var service string
			var n int64
			err := rows.Scan(&service, &n)
			(*q.into)[service] = n
			return struct{}{}, err
		}, ask("count what is open", q.query))
		if err != nil {
			return Counts{}, err
		}
	}
	return c, nil
}
