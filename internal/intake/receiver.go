package intake

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// Request is what a webhook's parser works on.
type Request struct {
	Integration *plan.Integration
	HTTP        *http.Request
	Body        []byte
	Now         time.Time
}

// Style is how one vendor's webhook address finds its key and answers.
type Style struct {
	// Key reads the integration key from the request.
	Key func(*http.Request) string
	// Types are the integration types that the address takes; nil is any,
	// for a path that names its format and needs no second opinion.
	Types []string
	// UnknownKey is the status for a key that nobody owns.
	UnknownKey int
	// Taken answers once all signals are on disk.
	Taken func(w http.ResponseWriter, r *http.Request, signals []signal.Signal)
}

// Receiver is the road of every webhook that carries a key: find the
// integration, read the body, parse it, store what is good, answer.
type Receiver struct {
	Format string
	Door   Door
	// Parse turns the body into signals. What it could not use it names; the
	// rest is stored all the same, and the answer is then 400.
	Parse func(Request) ([]signal.Signal, []FieldError)
	// Busy is the status for ErrBusy; 0 is 429. Alertmanager and its kin send
	// again at once only after a 5xx; after a 429 they wait for the group's
	// next round, which is minutes away.
	Busy int
}

// refusal is the body of every answer that is not a yes.
type refusal struct {
	Error  string       `json:"error"`
	Fields []FieldError `json:"fields,omitempty"`
}

// Handler serves the road in one vendor's style.
func (rc Receiver) Handler(style Style) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, ok := rc.owner(style, w, r)
		if !ok {
			return
		}
		body, bad := ReadBody(w, r, MaxBody)
		if bad != nil {
			rc.Door.Reject(in, rc.Format, bad.Why)
			WriteJSON(w, bad.Status, refusal{Error: bad.Why})
			return
		}
		signals, errs := rc.Parse(Request{Integration: in, HTTP: r, Body: body, Now: time.Now()})
		if len(signals) > 0 {
			if err := rc.Door.Submit(r.Context(), in, signals); err != nil {
				status, why := SubmitStatus(w, err)
				if status == http.StatusTooManyRequests && rc.Busy != 0 {
					status = rc.Busy
				}
				WriteJSON(w, status, refusal{Error: why})
				return
			}
		}
		if len(errs) > 0 {
			rc.Door.Reject(in, rc.Format, Join(errs))
			WriteJSON(w, http.StatusBadRequest, refusal{Error: Join(errs), Fields: errs})
			return
		}
		style.Taken(w, r, signals)
	}
}

func (rc Receiver) owner(style Style, w http.ResponseWriter, r *http.Request) (*plan.Integration, bool) {
	in, ok := rc.Door.Integration(style.Key(r))
	if !ok {
		why := "the key belongs to no integration"
		rc.Door.Reject(nil, rc.Format, why)
		WriteJSON(w, style.UnknownKey, refusal{Error: why})
		return nil, false
	}
	if len(style.Types) > 0 && !slices.Contains(style.Types, in.Type) {
		why := "this address is for integrations of type " + strings.Join(style.Types, " or ") + ", the key is of type " + in.Type
		rc.Door.Reject(in, rc.Format, why)
		WriteJSON(w, http.StatusBadRequest, refusal{Error: why})
		return nil, false
	}
	return in, true
}

// Own is the style of Tocsin's own addresses, /in/{key}/...
func Own() Style {
	return Style{
		Key:        func(r *http.Request) string { return r.PathValue("key") },
		UnknownKey: http.StatusNotFound,
		Taken: func(w http.ResponseWriter, _ *http.Request, signals []signal.Signal) {
			keys := make([]string, len(signals))
			for i, s := range signals {
				keys[i] = s.DedupKey
			}
			WriteJSON(w, http.StatusOK, map[string]any{"status": "accepted", "dedup_keys": keys})
		},
	}
}

// OnCall is the style of Grafana OnCall's addresses: the key must be of the
// type that the address names, and yes is "Ok.".
func OnCall(types ...string) Style {
	return Style{
		Key:        func(r *http.Request) string { return r.PathValue("key") },
		Types:      types,
		UnknownKey: http.StatusForbidden,
		Taken: func(w http.ResponseWriter, _ *http.Request, _ []signal.Signal) {
			WriteJSON(w, http.StatusOK, "Ok.")
		},
	}
}

// GoAlert is the style of GoAlert's addresses: the key is the token parameter,
// and yes has no body.
func GoAlert() Style {
	return Style{
		Key:        func(r *http.Request) string { return r.URL.Query().Get("token") },
		UnknownKey: http.StatusUnauthorized,
		Taken: func(w http.ResponseWriter, _ *http.Request, _ []signal.Signal) {
			w.WriteHeader(http.StatusOK)
		},
	}
}

// Both serves a pattern with and without its trailing slash.
func Both(pattern string, h http.HandlerFunc) []Route {
	return []Route{{Pattern: pattern, Handler: h}, {Pattern: pattern + "/{$}", Handler: h}}
}

// NewSample is a POST of JSON, for Format.Sample.
func NewSample(baseURL, path, body string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(baseURL, "/")+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}
