package memory

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
func bounded[T any](list []T, limit int) []T { return first(list, min(limit, alert.MaxLimit)) }

func first[T any](list []T, limit int) []T {
	if limit <= 0 {
		limit = alert.DefaultLimit
	}
	return list[:min(len(list), limit)]
}

func within(text, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// Alerts lists alerts, newest first.
func (w *World) Alerts(_ context.Context, f alert.Filter) ([]*alert.State, error) {
	defer w.locked()()
	out := slices.DeleteFunc(slices.Clone(w.alerts), func(a *alert.State) bool {
		return f.Status != "" && a.Status != f.Status || f.Service != "" && a.Service != f.Service || f.Severity != "" && a.Severity != f.Severity ||
			!within(a.Summary, f.Text) || f.Before != "" && a.ID >= f.Before || a.ReceivedAt.Before(f.Since) || !f.Matchers.Matches(a.Labels)
	})
	slices.SortFunc(out, func(a, b *alert.State) int { return cmp.Compare(b.ID, a.ID) })
	return bounded(out, f.Limit), nil
}

// Alert finds one.
func (w *World) Alert(_ context.Context, id string) (*alert.State, error) {
	defer w.locked()()
	for _, a := range w.alerts {
		if a.ID == id {
			return a, nil
		}
	}
	return nil, nil
}

// All are the states of a type, in the order in which their streams began.
func All[T core.State](w *World) []T {
	defer w.locked()()
	return all[T](w)
}

func all[T core.State](w *World) []T {
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
	defer w.locked()()
	out := slices.DeleteFunc(all[*page.State](w), func(p *page.State) bool {
		told := slices.ContainsFunc(p.Tells, func(t page.Tell) bool { return t.To.User == f.User })
		return f.Open && !p.Open() || f.Status != "" && p.Status != f.Status || f.Service != "" && p.Service != f.Service ||
			f.Incident != "" && p.Incident != f.Incident || f.User != "" && !told || f.Before != "" && p.ID >= f.Before
	})
	slices.SortFunc(out, func(a, b *page.State) int { return cmp.Compare(b.ID, a.ID) })
	return bounded(out, f.Limit), nil
}

// Page finds one.
func (w *World) Page(_ context.Context, id string) (*page.State, error) {
	defer w.locked()()
	p, _ := w.states[page.Stream(id)].(*page.State)
	return p, nil
}

func number(i *incident.State) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(i.ID, "INC-"), 10, 64)
	return n
}

// Incidents lists incidents, newest first.
func (w *World) Incidents(_ context.Context, f incident.Filter) ([]*incident.State, error) {
	defer w.locked()()
	out := slices.DeleteFunc(all[*incident.State](w), func(i *incident.State) bool {
		over := i.Status == incident.Resolved || i.Status == incident.Merged
		return f.Open && over || f.Service != "" && i.Service != f.Service || f.Severity != 0 && i.Severity != f.Severity ||
			!within(i.Title, f.Text) || f.Before != 0 && number(i) >= f.Before
	})
	slices.SortFunc(out, func(a, b *incident.State) int { return cmp.Compare(number(b), number(a)) })
	return bounded(out, f.Limit), nil
}

// Incident finds one.
func (w *World) Incident(_ context.Context, id string) (*incident.State, error) {
	defer w.locked()()
	i, _ := w.states[incident.Stream(id)].(*incident.State)
	return i, nil
}

// Notifications lists messages, newest first.
func (w *World) Notifications(_ context.Context, f notification.RowFilter) ([]notification.Row, error) {
	defer w.locked()()
	var out []notification.Row
	for _, r := range slices.Backward(w.rows) {
		if (f.User == "" || r.To.User == f.User) && (f.Page == "" || r.Page == f.Page) && (f.Outcome == "" || r.Outcome == f.Outcome) && (f.Before == "" || r.ID < f.Before) {
			out = append(out, r)
		}
	}
	return bounded(out, f.Limit), nil
}

// Timeline is the entries of any of the subjects.
func (w *World) Timeline(_ context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error) {
	defer w.locked()()
	out := slices.DeleteFunc(slices.Clone(w.journal), func(e fact.Entry) bool { return e.Pos <= after || !slices.Contains(subjects, e.Subject) })
	return first(out, limit), nil
}

// Tail is all entries after a position, or (after a negative one) the last.
func (w *World) Tail(_ context.Context, after int64, limit int) ([]fact.Entry, error) {
	defer w.locked()()
	n := int64(len(w.journal))
	if after < 0 {
		after = max(0, n+after)
	}
	return first(slices.Clone(w.journal[min(after, n):]), limit), nil
}

// State reads one stream.
func (w *World) State(_ context.Context, s fact.Stream) (core.State, error) {
	defer w.locked()()
	return w.states[s], nil
}

// States reads all streams of a kind, by name.
func (w *World) States(_ context.Context, kind string) ([]core.State, error) {
	defer w.locked()()
	var out []core.State
	for _, s := range slices.Sorted(slices.Values(w.order)) {
		if s.Kind() == kind && w.states[s] != nil {
			out = append(out, w.states[s])
		}
	}
	return out, nil
}

// PlanVersions lists versions, newest first.
func (w *World) PlanVersions(_ context.Context, before int64, limit int) ([]ledger.PlanVersion, error) {
	defer w.locked()()
	var out []ledger.PlanVersion
	for _, v := range slices.Backward(w.plans) {
		if before == 0 || v.Version < before {
			out = append(out, v)
		}
	}
	return bounded(out, limit), nil
}

// PlanVersion reads one version.
func (w *World) PlanVersion(_ context.Context, version int64) (*ledger.PlanVersion, error) {
	defer w.locked()()
	if version < 1 || version > int64(len(w.plans)) {
		return nil, nil
	}
	v := w.plans[version-1]
	return &v, nil
}

// Activity counts what came in.
func (w *World) Activity(context.Context) (map[string]ledger.Activity, error) {
	defer w.locked()()
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
