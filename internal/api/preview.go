package api

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"

	"tocsin/internal/auth"
	"tocsin/internal/core/signal"
)

// Mapper says what the generic webhook would make of a request. It touches
// nothing.
type Mapper interface {
	Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []MappingError)
}

// TrialBody is a request that a source might send.
type TrialBody struct {
	Integration string            `json:"integration,omitempty" doc:"Take the mapping of this one where none is given."`
	Mapping     map[string]string `json:"mapping,omitempty" doc:"CEL expressions by field: each, action, dedup_key, summary, severity, source, service, labels, links, details."`
	Headers     map[string]string `json:"headers,omitempty" doc:"Headers of the request."`
	Body        json.RawMessage   `json:"body" doc:"What the source would post: JSON, or a text that is taken as it is."`
}

// MappingError is a mistake in a mapping, or what it cannot do with this body.
type MappingError struct {
	Field string `json:"field,omitempty" doc:"Field of the mapping, events[3].summary where it is one event of several; absent: the body."`
	Why   string `json:"why"`
}

// Trial is what a request would become.
type Trial struct {
	Signals []signal.Signal `json:"signals"`
	Errors  []MappingError  `json:"errors"`
}

func (a *API) mappings() {
	add(a, spec{id: "preview-integration", method: http.MethodPost, path: "/integrations/preview", tag: "Integrations", role: auth.Viewer,
		summary: "What the generic webhook would make of a request: its signals, and what is wrong with the mapping",
		about:   "Nothing is sent and nothing is kept. Mistakes of the mapping are part of the answer, by field, line and column.", errors: []int{404}}, a.previewIntegration)
}

func (a *API) previewIntegration(_ context.Context, q asked[Posted[TrialBody]]) (*Out[Trial], error) {
	b := q.in.Body
	if a.opts.Mapper == nil {
		return nil, newProblem(http.StatusNotFound, "", "this server takes no generic webhook")
	}
	mapping := maps.Clone(b.Mapping)
	if b.Integration != "" {
		in := a.opts.Door.Plan().Integration(b.Integration)
		if in == nil {
			return nil, invalid("integration", "there is no integration %q", b.Integration)
		}
		if mapping == nil {
			mapping = in.Mapping
		}
	}
	headers := http.Header{}
	for name, value := range b.Headers {
		headers.Set(name, value)
	}
	body := []byte(b.Body)
	var text string
	if json.Unmarshal(body, &text) == nil {
		body = []byte(text)
	}
	out := Trial{}
	out.Signals, out.Errors = a.opts.Mapper.Preview(mapping, headers, body)
	if out.Signals == nil {
		out.Signals = []signal.Signal{}
	}
	if out.Errors == nil {
		out.Errors = []MappingError{}
	}
	return answer(out)
}
