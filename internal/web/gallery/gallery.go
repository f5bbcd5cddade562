// Package gallery shows every page over invented worlds: at rest, at three in
// the morning, on the first day, and under attack by its own data. It is for
// development; nothing in it reaches a real ledger.
package gallery

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// world is one invented Tocsin, and who looks at it.
type world struct {
	name, means string
	site        *web.Site
}

// Handler serves the gallery below /gallery/.
func Handler() (http.Handler, error) {
	var worlds []world
	for _, x := range []struct {
		name, means string
		world       *sample.World
		auth        *sample.Auth
	}{
		{"busy", "03:07, a page waits on Ana", sample.Busy(), &sample.Auth{User: "ana", Role: web.Admin}},
		{"calm", "nothing is wrong", sample.Calm(), &sample.Auth{User: "ana", Role: web.Admin}},
		{"fresh", "installed a minute ago", sample.Fresh(), &sample.Auth{User: "ana", Role: web.Admin}},
		{"viewer", "busy, seen by somebody who may only look", sample.Busy(), &sample.Auth{User: "emil", Role: web.Viewer}},
		{"nasty", "hostile and far too much of it", sample.Nasty(), &sample.Auth{User: "ana", Role: web.Admin}},
		{"first", "before the first sign-in", sample.Fresh(), &sample.Auth{First: true}},
		{"out", "signed out", sample.Calm(), &sample.Auth{Out: true}},
	} {
		site, err := sample.Site(x.world, x.auth)
		if err != nil {
			return nil, err
		}
		worlds = append(worlds, world{x.name, x.means, site})
	}
	m := http.NewServeMux()
	m.HandleFunc("GET /gallery/{$}", func(w http.ResponseWriter, _ *http.Request) { index(w, worlds) })
	for _, x := range worlds {
		prefix := "/gallery/" + x.name
		m.Handle(prefix+"/", http.StripPrefix(prefix, moved(prefix, x.site)))
	}
	m.Handle("/assets/", worlds[0].site)
	still := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	m.HandleFunc("/events", still) // the gallery stands still: 204 ends an EventSource
	m.HandleFunc("/sw.js", still)
	return m, nil
}

// Paths are the pages that the gallery shows of a world with a busy night.
var Paths = []string{"/components", "/", "/me", "/pages?all=1", "/alerts", "/alerts?q=", "/incidents?all=1", "/incidents/INC-1", "/incidents/new", "/oncall",
	"/schedules/storefront-primary", "/schedules/platform?view=month", "/services", "/services/checkout", "/silences?all=1", "/silences/new", "/maintenance/new",
	"/checks", "/checks/front-page", "/integrations", "/integrations/prometheus", "/integrations/new", "/people", "/people/ana", "/people/new", "/people/ana/contacts/new",
	"/plan", "/plan/versions/1", "/plan/edit", "/settings", "/more", "/help", "/search?q=check", "/signin", "/setup", "/a/nonsense", "/nowhere"}

func index(w http.ResponseWriter, worlds []world) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><html lang="en"><title>Gallery</title><h1>Gallery</h1>`)
	for _, x := range worlds {
		fmt.Fprintf(w, "<h2>%s</h2><p>%s</p><ul>", x.name, x.means)
		for _, p := range Paths {
			fmt.Fprintf(w, `<li><a href="/gallery/%s%s">%s</a></li>`, x.name, p, p)
		}
		fmt.Fprint(w, "</ul>")
	}
}

var links = regexp.MustCompile(`(href|action|src)="/(?:([^a/]|a[^s]|a"))`)

// moved lets a site that believes to stand at the root stand below a prefix,
// signed in as the world's person.
func moved(prefix string, site http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		inner.Header.Del("Accept-Encoding")
		if _, err := r.Cookie("tocsin"); err != nil {
			inner.AddCookie(&http.Cookie{Name: "tocsin", Value: "sample"})
		}
		rec := httptest.NewRecorder()
		site.ServeHTTP(rec, inner)
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		if to := rec.Header().Get("Location"); strings.HasPrefix(to, "/") {
			w.Header().Set("Location", prefix+to)
		}
		body := plain(rec)
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
			body = links.ReplaceAll(body, []byte(`$1="`+prefix+`/$2`))
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body)
	})
}

func plain(rec *httptest.ResponseRecorder) []byte {
	if rec.Header().Get("Content-Encoding") != "gzip" {
		return rec.Body.Bytes()
	}
	z, err := gzip.NewReader(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		return rec.Body.Bytes()
	}
	all, _ := io.ReadAll(z)
	return all
}
