package sample

import (
	"context"
	"slices"
	"strings"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/web"
)

func cut[T any](list []T, limit int) []T {
	if limit <= 0 {
		limit = 50
	}
	return list[:min(len(list), limit)]
}

// Alerts lists alerts.
func (w *World) Alerts(_ context.Context, f alert.Filter) ([]*alert.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*alert.State
	for _, a := range slices.Backward(w.alerts) {
		o := alert.Origin{Labels: a.Labels, Service: a.Service, Integration: a.Integration}
		switch {
		case f.Status != "" && a.Status != f.Status, f.Service != "" && a.Service != f.Service, f.Severity != "" && a.Severity != f.Severity:
		case f.Text != "" && !strings.Contains(strings.ToLower(a.Summary), strings.ToLower(f.Text)):
		case f.Before != "" && a.ID >= f.Before, !f.Since.IsZero() && a.ReceivedAt.Before(f.Since):
		case len(f.Matchers) > 0 && !f.Matchers.Matches(o.RouteLabels(a.Severity)):
		default:
			out = append(out, a)
		}
	}
	return cut(out, f.Limit), nil
}

// Alert finds an alert.
func (w *World) Alert(_ context.Context, id string) (*alert.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.alerts {
		if a.ID == id {
			return a, nil
		}
	}
	return nil, nil
}

func newest[T core.State](w *World) []T {
	var out []T
	for _, s := range slices.Backward(w.order) {
		if v, ok := w.states[s].(T); ok && w.states[s] != nil {
			out = append(out, v)
		}
	}
	return out
}

// Pages lists pages.
func (w *World) Pages(_ context.Context, f page.Filter) ([]*page.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(newest[*page.State](w), func(p *page.State) bool {
		toldTo := slices.ContainsFunc(p.Tells, func(t page.Tell) bool { return t.To.User == f.User })
		return f.Open && !p.Open() || f.Status != "" && p.Status != f.Status || f.Service != "" && p.Service != f.Service ||
			f.Incident != "" && p.Incident != f.Incident || f.User != "" && !toldTo || f.Before != "" && p.ID >= f.Before
	})
	return cut(out, f.Limit), nil
}

// Page finds a page.
func (w *World) Page(_ context.Context, id string) (*page.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, _ := w.states[page.Stream(id)].(*page.State)
	return p, nil
}

// Incidents lists incidents.
func (w *World) Incidents(_ context.Context, f incident.Filter) ([]*incident.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(newest[*incident.State](w), func(i *incident.State) bool {
		over := i.Status == incident.Resolved || i.Status == incident.Merged
		return f.Open && over || f.Service != "" && i.Service != f.Service || f.Severity != 0 && i.Severity != f.Severity ||
			f.Text != "" && !strings.Contains(strings.ToLower(i.Title), strings.ToLower(f.Text))
	})
	return cut(out, f.Limit), nil
}

// Incident finds an incident.
func (w *World) Incident(_ context.Context, id string) (*incident.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, _ := w.states[incident.Stream(id)].(*incident.State)
	return i, nil
}

// Notifications lists messages.
func (w *World) Notifications(_ context.Context, f notification.RowFilter) ([]notification.Row, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []notification.Row
	for _, r := range slices.Backward(w.rows) {
		if (f.User == "" || r.To.User == f.User) && (f.Page == "" || r.Page == f.Page) && (f.Outcome == "" || r.Outcome == f.Outcome) {
			out = append(out, *r)
		}
	}
	return cut(out, f.Limit), nil
}

// Timeline lists what is said of subjects.
func (w *World) Timeline(_ context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []fact.Entry
	for _, x := range w.journal {
		if x.Pos > after && slices.Contains(subjects, x.Subject) {
			out = append(out, x)
		}
	}
	return cut(out, limit), nil
}

// Tail lists what is said after a position.
func (w *World) Tail(_ context.Context, after int64, limit int) ([]fact.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int64(len(w.journal))
	if after < 0 {
		after = max(0, n+after)
	}
	return cut(slices.Clone(w.journal[min(after, n):]), limit), nil
}

// State reads one stream.
func (w *World) State(_ context.Context, s fact.Stream) (core.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.states[s], nil
}

// States reads all streams of a kind.
func (w *World) States(_ context.Context, kind string) ([]core.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []core.State
	for _, s := range slices.Sorted(slices.Values(w.order)) {
		if s.Kind() == kind && w.states[s] != nil {
			out = append(out, w.states[s])
		}
	}
	return out, nil
}

// PlanVersions lists versions.
func (w *World) PlanVersions(_ context.Context, before int64, limit int) ([]web.PlanVersion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []web.PlanVersion
	for _, v := range slices.Backward(w.plans) {
		if before == 0 || v.Version < before {
			out = append(out, v)
		}
	}
	return cut(out, limit), nil
}

// PlanVersion finds a version.
func (w *World) PlanVersion(_ context.Context, version int64) (*web.PlanVersion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if version < 1 || version > int64(len(w.plans)) {
		return nil, nil
	}
	return &w.plans[version-1], nil
}

// Activity counts what came in.
func (w *World) Activity(context.Context) (map[string]web.Activity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]web.Activity{}
	for _, a := range w.alerts {
		x := out[a.Integration]
		x.Accepted += a.Count
		if a.UpdatedAt.After(x.LastAt) {
			x.LastAt = a.UpdatedAt
		}
		out[a.Integration] = x
	}
	for id, why := range w.rejects {
		x := out[id]
		x.Rejected, x.LastError, x.RejectedAt = 3, why, w.now.Add(-41*60*1e9)
		out[id] = x
	}
	return out, nil
}
