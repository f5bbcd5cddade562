// Package alertmanager speaks the one call of Alertmanager's API v2 that
// Prometheus makes: POST /api/v2/alerts. It answers as Alertmanager does, down
// to its two shapes of error, and never decides who is told.
package alertmanager

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/plan"
	"tocsin/internal/intake"
)

// Name is the integration type.
const Name = "alertmanager"

// resolveTimeout is Alertmanager's own default for alerts that come without an
// end: what is not sent again for so long is over.
const resolveTimeout = 5 * time.Minute

// New is the format.
func New() intake.Format {
	return intake.Format{Name: Name, Title: "Alertmanager API v2 (for Prometheus)", Routes: routes, Snippet: snippet, Sample: sample, ResolveTimeout: resolveTimeout}
}

func routes(d intake.Door) []intake.Route {
	var list []intake.Route
	add := func(pattern string, h http.HandlerFunc) {
		list = append(list, intake.Route{Pattern: pattern, Handler: h})
	}
	for _, path := range []string{"/api/v2/alerts", "/alertmanager/api/v2/alerts", "/in/{key}/api/v2/alerts"} {
		for _, end := range []string{"", "/{$}"} {
			add("POST "+path+end, post(d))
			for _, method := range []string{"PUT", "PATCH", "DELETE"} {
				add(method+" "+path+end, wrongMethod)
			}
		}
	}
	// Nothing else of the API is under a key, and a catch-all of another room
	// must not answer a client of this contract with a web page.
	add("POST /in/{key}/api/v2/{rest...}", notFound)
	add("GET /in/{key}/api/v2/{rest...}", notFound)
	for _, prefix := range []string{"/alertmanager", "/in/{key}"} {
		add("POST "+prefix+"/api/v1/alerts", goneV1)
	}
	return list
}

func post(d intake.Door) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in, why := owner(d, r)
		if in == nil {
			d.Reject(nil, Name, why)
			w.Header().Set("WWW-Authenticate", `Bearer realm="tocsin"`)
			intake.WriteJSON(w, http.StatusUnauthorized, why)
			return
		}
		if media := mediaType(r); media != "application/json" {
			refuse(d, in, w, &schemaError{http.StatusUnsupportedMediaType, http.StatusUnsupportedMediaType,
				fmt.Sprintf("unsupported media type %q, only [application/json] are allowed", media)})
			return
		}
		body, bad := intake.ReadBody(w, r, intake.MaxBody)
		if bad != nil {
			refuse(d, in, w, &schemaError{bad.Status, bad.Status, bad.Why})
			return
		}
		batch, invalid := decode(body)
		if invalid != nil {
			refuse(d, in, w, invalid)
			return
		}
		take(d, in, w, r, batch)
	}
}

// take stores the valid alerts and only then answers: 200 if all were, 400
// naming the others if some were not.
func take(d intake.Door, in *plan.Integration, w http.ResponseWriter, r *http.Request, batch []alert) {
	signals, notes := convert(batch, time.Now())
	if len(signals) > 0 {
		if err := d.Submit(r.Context(), in, signals); err != nil {
			status, why := intake.SubmitStatus(w, err)
			intake.WriteJSON(w, status, why)
			return
		}
	}
	for _, why := range slices.Concat(notes.invalid, notes.stale) {
		d.Reject(in, Name, why)
	}
	if len(notes.invalid) > 0 {
		intake.WriteJSON(w, http.StatusBadRequest, strings.Join(notes.invalid, "\n"))
		return
	}
	w.WriteHeader(http.StatusOK)
}

// schemaError is what go-openapi finds before Alertmanager's own code runs.
// Its code is finer than the HTTP status.
type schemaError struct {
	status int
	Code   int    `json:"code"`
	Text   string `json:"message"`
}

func refuse(d intake.Door, in *plan.Integration, w http.ResponseWriter, e *schemaError) {
	d.Reject(in, Name, e.Text)
	intake.WriteJSON(w, e.status, e)
}

// mediaType is the declared type without parameters. The default is the one
// that Alertmanager assumes, and refuses.
func mediaType(r *http.Request) string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if media = strings.ToLower(strings.TrimSpace(media)); media != "" {
		return media
	}
	return "application/octet-stream"
}

// owner finds the integration by the key in the path, as a bearer token, as the
// password of basic authentication (the user name does not matter), or as the
// key parameter.
func owner(d intake.Door, r *http.Request) (in *plan.Integration, why string) {
	key := r.PathValue("key")
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); key == "" && ok && strings.EqualFold(scheme, "bearer") {
		key = strings.TrimSpace(token)
	}
	if _, password, ok := r.BasicAuth(); key == "" && ok {
		key = password
	}
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	if key == "" {
		return nil, "no integration key: send it as a bearer token, as the basic-auth password, as ?key= or in the path /in/KEY/api/v2/alerts"
	}
	if in, ok := d.Integration(key); ok {
		return in, ""
	}
	return nil, "the key belongs to no integration"
}

func wrongMethod(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "POST,GET")
	intake.WriteJSON(w, http.StatusMethodNotAllowed, schemaError{Code: http.StatusMethodNotAllowed,
		Text: fmt.Sprintf("method %s is not allowed, but [POST,GET] are", r.Method)})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	intake.WriteJSON(w, http.StatusNotFound, schemaError{Code: http.StatusNotFound,
		Text: fmt.Sprintf("path /api/v2/%s was not found", r.PathValue("rest"))})
}

func goneV1(w http.ResponseWriter, _ *http.Request) {
	intake.WriteJSON(w, http.StatusGone, map[string]string{"status": "deprecated",
		"error": "version 1 of this API is gone from Alertmanager since 0.27; post to /api/v2/alerts"})
}

func snippet(baseURL, key string) string {
	scheme, host, ok := strings.Cut(strings.TrimSuffix(baseURL, "/"), "://")
	if !ok {
		scheme, host = "https", strings.TrimSuffix(baseURL, "/")
	}
	host, prefix, _ := strings.Cut(host, "/")
	path := ""
	if prefix != "" {
		path = "\n      path_prefix: /" + prefix
	}
	return fmt.Sprintf(`# prometheus.yml
alerting:
  alertmanagers:
    - scheme: %s%s
      authorization:
        credentials: %s
      static_configs:
        - targets: ["%s"]
`, scheme, path, key, host)
}

func sample(baseURL, key string) (*http.Request, error) {
	body := `[{"labels":{"alertname":"TocsinTest","severity":"info"},"annotations":{"summary":"Test event sent from Tocsin"}}]`
	req, err := http.NewRequest(http.MethodPost, strings.TrimSuffix(baseURL, "/")+"/api/v2/alerts", strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("sample alert for %s: %w", baseURL, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+key)
	return req, nil
}
