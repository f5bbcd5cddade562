package web

import (
	"encoding/json"
	"html"
	"net/http"
)

// pwa serves what a browser needs to install Tocsin: these have fixed names,
// and a service worker rules only over the folder that it stands in.
func (s *Site) pwa(m *http.ServeMux) {
	m.HandleFunc("GET /manifest.webmanifest", s.manifest)
	m.HandleFunc("GET /sw.js", func(w http.ResponseWriter, _ *http.Request) {
		body, _ := files.ReadFile("js/sw.js")
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(body)
	})
	for _, name := range []string{"icon-192.png", "icon-512.png", "badge.png"} {
		m.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			body, _ := files.ReadFile("static/" + name)
			w.Header().Set("Content-Type", "image/png")
			w.Header().Set("Cache-Control", "public, max-age=86400")
			_, _ = w.Write(body)
		})
	}
	m.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.assets.url["icon.svg"], http.StatusFound)
	})
	m.HandleFunc("GET /opensearch.xml", s.openSearch)
}

func (s *Site) manifest(w http.ResponseWriter, _ *http.Request) {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose,omitempty"`
	}
	w.Header().Set("Content-Type", "application/manifest+json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"name": "Tocsin", "short_name": "Tocsin", "start_url": "/", "scope": "/", "id": "/", "display": "standalone",
		"background_color": "#14130f", "theme_color": "#1d1b16", "description": "Who is woken, why, and what happens next",
		"icons":     []icon{{"/icon-192.png", "192x192", "image/png", "any"}, {"/icon-512.png", "512x512", "image/png", "any maskable"}, {s.assets.url["icon.svg"], "any", "image/svg+xml", "any"}},
		"shortcuts": []map[string]string{{"name": "Mine", "url": "/me"}, {"name": "On-call", "url": "/oncall"}},
	})
}

func (s *Site) openSearch(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/opensearchdescription+xml")
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/"><ShortName>Tocsin</ShortName><Description>Search Tocsin</Description><Url type="text/html" template="` + html.EscapeString(s.BaseURL) + `/search?q={searchTerms}"/></OpenSearchDescription>`))
}
