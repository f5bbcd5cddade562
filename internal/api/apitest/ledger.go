package apitest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"tocsin/internal/core"
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// bounded is what a filter's limit means.
func bounded[T any](list []T, limit int) []T {
	if limit <= 0 {
		limit = alert.DefaultLimit
	}
	return list[:min(len(list), limit, alert.MaxLimit)]
}

// Alerts lists alerts, newest first.
func (w *World) Alerts(_ context.Context, f alert.Filter) ([]*alert.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(w.alerts), func(a *alert.State) bool {
		return f.Status != "" && a.Status != f.Status || f.Service != "" && a.Service != f.Service || f.Severity != "" && a.Severity != f.Severity ||
			f.Text != "" && !strings.Contains(strings.ToLower(a.Summary), strings.ToLower(f.Text)) || f.Before != "" && a.ID >= f.Before ||
			a.ReceivedAt.Before(f.Since) || !f.Matchers.Matches(a.Labels)
	})
	slices.SortFunc(out, func(a, b *alert.State) int { return cmp.Compare(b.ID, a.ID) })
	return bounded(out, f.Limit), nil
}

// Alert finds one.
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

func statesOf[T core.State](w *World) []T {
	var out []T
	for _, s := range w.order {
		if v, ok := w.states[s].(T); ok {
			out = append(out, v)
		}
	}
	return out
}

// Pages lists pages, newest first.
func (w *World) Pages(_ context.Context, f page.Filter) ([]*page.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(statesOf[*page.State](w), func(p *page.State) bool {
		told := slices.ContainsFunc(p.Tells, func(t page.Tell) bool { return t.To.User == f.User })
		return f.Open && !p.Open() || f.Status != "" && p.Status != f.Status || f.Service != "" && p.Service != f.Service ||
			f.Incident != "" && p.Incident != f.Incident || f.User != "" && !told || f.Before != "" && p.ID >= f.Before
	})
	slices.SortFunc(out, func(a, b *page.State) int { return cmp.Compare(b.ID, a.ID) })
	return bounded(out, f.Limit), nil
}

// Page finds one.
func (w *World) Page(_ context.Context, id string) (*page.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, _ := w.states[page.Stream(id)].(*page.State)
	return p, nil
}

func number(i *incident.State) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(i.ID, "INC-"), 10, 64)
	return n
}

// Incidents lists incidents, newest first.
func (w *World) Incidents(_ context.Context, f incident.Filter) ([]*incident.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(statesOf[*incident.State](w), func(i *incident.State) bool {
		over := i.Status == incident.Resolved || i.Status == incident.Merged
		return f.Open && over || f.Service != "" && i.Service != f.Service || f.Severity != 0 && i.Severity != f.Severity ||
			f.Text != "" && !strings.Contains(strings.ToLower(i.Title), strings.ToLower(f.Text)) || f.Before != 0 && number(i) >= f.Before
	})
	slices.SortFunc(out, func(a, b *incident.State) int { return cmp.Compare(number(b), number(a)) })
	return bounded(out, f.Limit), nil
}

// Incident finds one.
func (w *World) Incident(_ context.Context, id string) (*incident.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, _ := w.states[incident.Stream(id)].(*incident.State)
	return i, nil
}

// Notifications lists messages, newest first.
func (w *World) Notifications(_ context.Context, f notification.RowFilter) ([]notification.Row, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []notification.Row
	for _, r := range slices.Backward(w.rows) {
		if (f.User == "" || r.To.User == f.User) && (f.Page == "" || r.Page == f.Page) && (f.Outcome == "" || r.Outcome == f.Outcome) && (f.Before == "" || r.ID < f.Before) {
			out = append(out, *r)
		}
	}
	return bounded(out, f.Limit), nil
}

// Timeline is the entries of any of the subjects.
func (w *World) Timeline(_ context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(w.journal), func(e fact.Entry) bool { return e.Pos <= after || !slices.Contains(subjects, e.Subject) })
	return bounded(out, limit), nil
}

// Tail is all entries after a position.
func (w *World) Tail(_ context.Context, after int64, limit int) ([]fact.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := int64(len(w.journal))
	if after < 0 {
		after = max(0, n+after)
	}
	return bounded(slices.Clone(w.journal[min(after, n):]), limit), nil
}

// State reads one stream.
func (w *World) State(_ context.Context, s fact.Stream) (core.State, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.states[s], nil
}

// States reads all streams of a kind, by name.
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

// PlanVersions lists versions, newest first, without their plans.
func (w *World) PlanVersions(_ context.Context, before int64, limit int) ([]ledger.PlanVersion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []ledger.PlanVersion
	for _, v := range slices.Backward(w.plans) {
		if v.Plan = nil; before == 0 || v.Version < before {
			out = append(out, v)
		}
	}
	return bounded(out, limit), nil
}

// PlanVersion reads one version.
func (w *World) PlanVersion(_ context.Context, version int64) (*ledger.PlanVersion, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if version < 1 || version > int64(len(w.plans)) {
		return nil, nil
	}
	v := w.plans[version-1]
	return &v, nil
}

// Activity counts what came in.
func (w *World) Activity(context.Context) (map[string]ledger.Activity, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[string]ledger.Activity{}
	for _, a := range w.alerts {
		x := out[a.Integration]
		x.Integration, x.Accepted = a.Integration, x.Accepted+a.Count
		if a.UpdatedAt.After(x.LastAt) {
			x.LastAt = a.UpdatedAt
		}
		out[a.Integration] = x
	}
	return out, nil
}
