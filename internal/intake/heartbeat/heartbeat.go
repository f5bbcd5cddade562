// Package heartbeat takes pings: "I am still alive". A ping marks its
// heartbeat and says nothing more; that one is missing is noticed elsewhere.
package heartbeat

import (
	"fmt"
	"net/http"
	"strings"

	"tocsin/internal/intake"
)

// Name is the format's name. Heartbeats are not integrations: their ids and
// keys are the plan's heartbeats'.
const Name = "heartbeat"

// New is the format.
func New() intake.Format {
	return intake.Format{
		Name:   Name,
		Title:  "Heartbeat",
		Routes: routes,
		Snippet: func(baseURL, key string) string {
			return fmt.Sprintf("# at the end of the job that must keep running\ncurl -fsS -m 10 --retry 5 -X POST %s/heartbeat/%s\n", strings.TrimSuffix(baseURL, "/"), key)
		},
		Sample: func(baseURL, key string) (*http.Request, error) {
			return intake.NewSample(baseURL, "/heartbeat/"+key, "")
		},
	}
}

// pinged is how an address says yes.
type pinged func(w http.ResponseWriter)

func routes(d intake.Door) []intake.Route {
	var list []intake.Route
	own := handler(d, "id", func(w http.ResponseWriter) { intake.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"}) })
	for _, method := range []string{"GET", "POST", "PUT"} {
		list = append(list, intake.Both(method+" /heartbeat/{id}", own)...)
	}
	onCall := handler(d, "key", func(w http.ResponseWriter) { intake.WriteJSON(w, http.StatusOK, "Ok.") })
	for _, method := range []string{"GET", "POST"} {
		list = append(list, intake.Both(method+" /integrations/v1/{type}/{key}/heartbeat", onCall)...)
	}
	goAlert := handler(d, "id", func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) })
	return append(list, intake.Both("POST /api/v2/heartbeat/{id}", goAlert)...)
}

func handler(d intake.Door, name string, yes pinged) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// A cached answer would be a ping that never reached us.
		w.Header().Set("Cache-Control", "no-store")
		// The body is not read: a job that posts its whole log, or a log cut
		// short, is alive all the same.
		known, err := d.Ping(r.Context(), r.PathValue(name))
		switch {
		case err != nil:
			status, why := intake.SubmitStatus(w, err)
			intake.WriteJSON(w, status, map[string]string{"error": why})
		case !known:
			d.Reject(nil, Name, "a ping for a heartbeat that does not exist")
			intake.WriteJSON(w, http.StatusNotFound, map[string]string{"error": "no heartbeat has this id or key"})
		default:
			yes(w)
		}
	}
}
