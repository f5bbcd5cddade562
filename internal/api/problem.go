package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/ledger"
)

// Problem is RFC 9457's answer to what did not work. Field and RequestID are
// ours.
type Problem struct {
	Type      string   `json:"type" doc:"Stable name of the kind of problem, for programs." example:"urn:tocsin:problem:invalid"`
	Title     string   `json:"title" doc:"The kind of problem in words." example:"The request is not valid"`
	Status    int      `json:"status" doc:"HTTP status." example:"400"`
	Detail    string   `json:"detail,omitempty" doc:"What is wrong with this request." example:"it must end in the future"`
	Field     string   `json:"field,omitempty" doc:"Which field of the request is meant." example:"ends_at"`
	RequestID string   `json:"request_id,omitempty" doc:"Name of this request in the server's log."`
	Errors    []Detail `json:"errors,omitempty" doc:"Every mistake, where there is more than one."`
}

// Detail is one mistake of several.
type Detail struct {
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail"`
}

func (p *Problem) Error() string {
	if p.Field != "" {
		return p.Field + ": " + p.Detail
	}
	return p.Detail
}

// GetStatus is the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is problem+json.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// kinds names each status in words. There is no 422 here: a request that is
// understood and cannot be carried out is 400 with its field, or 409.
var kinds = map[int]struct{ code, title string }{
	400: {"invalid", "The request is not valid"},
	401: {"not-signed-in", "Sign in first"},
	403: {"forbidden", "This is not allowed"},
	404: {"not-found", "There is no such thing"},
	405: {"method-not-allowed", "This address does not take this method"},
	408: {"too-slow", "The request did not arrive in time"},
	409: {"conflict", "It is too late or in the way of something else"},
	413: {"too-large", "The request is too large"},
	415: {"unsupported-type", "The body is in an unknown format"},
	429: {"busy", "Too much at once"},
	500: {"defect", "Tocsin has a defect here"},
	503: {"unavailable", "The database does not answer"},
}

func newProblem(status int, field, detail string) *Problem {
	kind, ok := kinds[status]
	if !ok {
		kind.code, kind.title = "about:blank", http.StatusText(status)
		return &Problem{Type: kind.code, Title: kind.title, Status: status, Field: field, Detail: detail}
	}
	return &Problem{Type: "urn:tocsin:problem:" + kind.code, Title: kind.title, Status: status, Field: field, Detail: detail}
}

// invalid is a mistake of the caller in one field.
func invalid(field, format string, args ...any) error {
	return newProblem(http.StatusBadRequest, field, fmt.Sprintf(format, args...))
}

func notFound(what, id string) error {
	return newProblem(http.StatusNotFound, "", "there is no "+what+" "+strconv.Quote(id))
}

// refusals maps the core's word to a status.
var refusals = map[string]int{
	"invalid": http.StatusBadRequest, "not-found": http.StatusNotFound, "conflict": http.StatusConflict,
	"forbidden": http.StatusForbidden, "too-many": http.StatusTooManyRequests,
}

// retryIn is how many seconds a caller should wait, by status.
var retryIn = map[int]string{http.StatusTooManyRequests: "1", http.StatusServiceUnavailable: "5"}

// problem is the one place where an error becomes a status. known is false for
// a defect, which belongs in the log.
func (a *API) problem(err error) (p *Problem, known bool) {
	var refused *fact.Refused
	switch {
	case errors.As(err, &p):
		return p, true
	case errors.As(err, &refused):
		status, ok := refusals[refused.Code]
		if !ok {
			status = http.StatusConflict
		}
		return newProblem(status, refused.Field, refused.Why), true
	case a.opts.Busy != nil && errors.Is(err, a.opts.Busy):
		return newProblem(http.StatusTooManyRequests, "", "too much is waiting to be written; nothing was taken, try again"), true
	case errors.Is(err, ledger.ErrUnavailable):
		return newProblem(http.StatusServiceUnavailable, "", "nothing was written; try again"), true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return newProblem(http.StatusServiceUnavailable, "", "it took too long, and whether it was done is not known; look before trying again"), true
	}
	return newProblem(http.StatusInternalServerError, "", "it is in the log under this request id"), false
}

// translate turns the framework's own error model into ours. It is a
// transformer, so it sees every answer.
func translate(ctx huma.Context, _ string, v any) (any, error) {
	var p *Problem
	switch v := v.(type) {
	case *Problem:
		p = v
	case *huma.ErrorModel:
		p = fromModel(v)
	default:
		return v, nil
	}
	named := *p
	named.RequestID = requestID(ctx.Context())
	return &named, nil
}

func fromModel(m *huma.ErrorModel) *Problem {
	p := newProblem(ownStatus(m.Status), "", m.Detail)
	for _, e := range m.Errors {
		p.Errors = append(p.Errors, Detail{Field: fieldOf(e.Location), Detail: e.Message})
	}
	if len(p.Errors) > 0 {
		p.Field, p.Detail = p.Errors[0].Field, p.Errors[0].Detail
	}
	if len(p.Errors) < 2 {
		p.Errors = nil
	}
	return p
}

// ownStatus: the framework says 422 where we say 400.
func ownStatus(status int) int {
	if status == http.StatusUnprocessableEntity {
		return http.StatusBadRequest
	}
	return status
}

// fieldOf strips where a field stands: "body.comment" is the field comment.
func fieldOf(location string) string {
	for _, prefix := range []string{"body.", "query.", "path."} {
		if rest, ok := strings.CutPrefix(location, prefix); ok {
			return rest
		}
	}
	if location == "body" {
		return ""
	}
	return location
}
