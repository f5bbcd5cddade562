package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/ledger"
	"tocsin/internal/core/plan"
)

// Integration is a door for one source.
type Integration struct {
	ID             string            `json:"id"`
	Name           string            `json:"name,omitempty"`
	Type           string            `json:"type"`
	Title          string            `json:"title,omitempty" doc:"What the type is called."`
	Service        string            `json:"service,omitempty"`
	ResolveTimeout plan.Duration     `json:"resolve_timeout,omitempty"`
	Mapping        map[string]string `json:"mapping,omitempty"`
	HasKey         bool              `json:"has_key"`
	LastAt         time.Time         `json:"last_at,omitzero" doc:"Of the last accepted event."`
	Accepted       int64             `json:"accepted"`
	Rejected       int64             `json:"rejected"`
	RejectedAt     time.Time         `json:"rejected_at,omitzero"`
	LastError      string            `json:"last_error,omitempty"`
}

// NewKey is an integration with its key, which is shown this once.
type NewKey struct {
	Integration
	Key     string `json:"key" doc:"Only its hash is kept; it is shown this once."`
	Snippet string `json:"snippet,omitempty" doc:"What to paste at the source."`
}

// IntegrationBody makes an integration.
type IntegrationBody struct {
	ID             string            `json:"id" doc:"Letters, digits, dots, dashes and underscores." example:"prometheus-eu"`
	Name           string            `json:"name,omitempty"`
	Type           string            `json:"type" example:"alertmanager"`
	Service        string            `json:"service,omitempty" doc:"Where its alerts go unless a route says otherwise."`
	ResolveTimeout string            `json:"resolve_timeout,omitempty" example:"5m"`
	Mapping        map[string]string `json:"mapping,omitempty" doc:"CEL expressions of a generic webhook, by field."`
}

func (a *API) integrations() {
	const tag = "Integrations"
	add(a, spec{id: "list-integrations", method: http.MethodGet, path: "/integrations", tag: tag, role: auth.Viewer, summary: "List integrations and what they received"},
		func(ctx context.Context, _ asked[struct{}]) (*Out[List[Integration]], error) {
			activity, err := a.opts.Ledger.Activity(ctx)
			if err != nil {
				return nil, err
			}
			var items []Integration
			for _, in := range a.opts.Door.Plan().Integrations {
				items = append(items, a.integrationView(in, activity[in.ID]))
			}
			return whole(items)
		})
	add(a, spec{id: "create-integration", method: http.MethodPost, path: "/integrations", tag: tag, role: auth.Admin, status: http.StatusCreated,
		summary: "Make an integration; its key is in the answer, once", errors: []int{409}}, a.createIntegration)
	add(a, spec{id: "rotate-integration-key", method: http.MethodPost, path: "/integrations/{id}/rotate", tag: tag, role: auth.Admin,
		summary: "Give an integration a new key; the old one ends at once", errors: []int{404, 409}}, a.rotateKey)
	add(a, spec{id: "delete-integration", method: http.MethodDelete, path: "/integrations/{id}", tag: tag, role: auth.Admin, status: http.StatusNoContent,
		summary: "Remove an integration", errors: []int{404, 409}}, a.deleteIntegration)
}

func (a *API) integrationView(in plan.Integration, act ledger.Activity) Integration {
	v := Integration{ID: in.ID, Name: in.Name, Type: in.Type, Service: in.Service, ResolveTimeout: in.ResolveTimeout, Mapping: in.Mapping, HasKey: in.KeyHash != "",
		LastAt: act.LastAt, Accepted: act.Accepted, Rejected: act.Rejected, RejectedAt: act.RejectedAt, LastError: act.LastError}
	if f := a.format(in.Type); f != nil {
		v.Title = f.Title
	}
	return v
}

func (a *API) format(name string) *Format {
	for _, f := range a.opts.Formats.Formats() {
		if f.Name == name {
			return &f
		}
	}
	return nil
}

// newKey makes a key of 160 bits in 32 characters: PagerDuty's clients refuse
// a routing key of any other length.
func newKey() (key, hash string) {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails: crypto/rand crashes the program instead
	key = strings.ToLower(base32.StdEncoding.EncodeToString(b))
	sum := sha256.Sum256([]byte(key))
	return key, hex.EncodeToString(sum[:])
}

func (a *API) withKey(in plan.Integration, key string) NewKey {
	v := NewKey{Integration: a.integrationView(in, ledger.Activity{}), Key: key}
	if f := a.format(in.Type); f != nil && f.Snippet != nil {
		v.Snippet = f.Snippet(a.opts.BaseURL, key)
	}
	return v
}

var planID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (a *API) createIntegration(ctx context.Context, q asked[Posted[IntegrationBody]]) (*Out[NewKey], error) {
	b := q.in.Body
	in := plan.Integration{ID: b.ID, Name: b.Name, Type: b.Type, Service: b.Service, Mapping: b.Mapping}
	if !planID.MatchString(b.ID) {
		return nil, invalid("id", "an id has 1 to 64 letters, digits, dots, dashes or underscores")
	}
	if formats := a.opts.Formats.Formats(); len(formats) > 0 && a.format(b.Type) == nil {
		var names []string
		for _, f := range formats {
			names = append(names, f.Name)
		}
		return nil, invalid("type", "%q is not one of %s", b.Type, strings.Join(names, ", "))
	}
	if b.ResolveTimeout != "" {
		d, err := plan.ParseDuration(b.ResolveTimeout)
		if err != nil {
			return nil, invalid("resolve_timeout", "%v", err)
		}
		in.ResolveTimeout = d
	}
	key, hash := newKey()
	in.KeyHash = hash
	err := a.edit(ctx, q.who, "integration "+in.ID+" made", func(p *plan.Plan) error {
		if a.opts.Door.Plan().Integration(in.ID) != nil {
			return newProblem(http.StatusConflict, "id", "there is an integration "+in.ID+" already")
		}
		if in.Service != "" && a.opts.Door.Plan().Service(in.Service) == nil {
			return invalid("service", "there is no service %q", in.Service)
		}
		p.Integrations = append(slices.Clone(p.Integrations), in)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a.withKey(in, key))
}

func (a *API) rotateKey(ctx context.Context, q asked[ByID]) (*Out[NewKey], error) {
	key, hash := newKey()
	var changed plan.Integration
	err := a.edit(ctx, q.who, "integration "+q.in.ID+" has a new key", func(p *plan.Plan) error {
		i := slices.IndexFunc(p.Integrations, func(x plan.Integration) bool { return x.ID == q.in.ID })
		if i < 0 {
			return notFound("integration", q.in.ID)
		}
		p.Integrations = slices.Clone(p.Integrations)
		p.Integrations[i].KeyHash = hash
		changed = p.Integrations[i]
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answer(a.withKey(changed, key))
}

func (a *API) deleteIntegration(ctx context.Context, q asked[ByID]) (*struct{}, error) {
	err := a.edit(ctx, q.who, "integration "+q.in.ID+" removed", func(p *plan.Plan) error {
		i := slices.IndexFunc(p.Integrations, func(x plan.Integration) bool { return x.ID == q.in.ID })
		if i < 0 {
			return notFound("integration", q.in.ID)
		}
		p.Integrations = slices.Delete(slices.Clone(p.Integrations), i, i+1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &struct{}{}, nil
}
