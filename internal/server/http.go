package server

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tocsin/internal/config"
	"tocsin/internal/intake"
)

// handler is every address this server answers, in one place.
func (s *Server) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	s.gauges()
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("Tocsin is up.\n")) })
	mux.HandleFunc("GET /-/ready", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	d := &door{engine: s.engine, activity: s.activity, hash: config.HashKey, timeouts: timeouts(formats())}
	mountIntake(mux, formats(), d)
	if err := s.mountFaces(mux); err != nil {
		return nil, err
	}
	if err := s.mountExtra(mux); err != nil {
		return nil, err
	}
	return behindProxies(s.opts.TrustProxies, s.survive(mux)), nil
}

// mountIntake puts every format at its vendor's own path, and again under
// /compat/<name>, where no two vendors can collide.
func mountIntake(mux *http.ServeMux, list []intake.Format, d intake.Door) {
	for _, f := range list {
		for _, r := range f.Routes(d) {
			mux.HandleFunc(r.Pattern, r.Handler)
			method, path, _ := strings.Cut(r.Pattern, " ")
			mux.HandleFunc(method+" /compat/"+f.Name+path, r.Handler)
		}
	}
}

// ready says whether this node can take an event and have it on disk.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "application/json")
	if err := s.store.Ping(ctx); err != nil {
		s.opts.Log.Warn("not ready", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]any{"ready": false, "why": "the database does not answer"})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": true, "plan": s.engine.Plan().Version, "version": s.opts.Version})
}

// survive answers 500 for a handler that panics and keeps the pager up.
func (s *Server) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil || v == http.ErrAbortHandler {
				if v != nil {
					panic(v)
				}
				return
			}
			s.metrics.Defect()
			// The pattern and not the path: keys and signed links stand in paths.
			s.opts.Log.Error("a handler panicked", "pattern", r.Pattern, "panic", v, "stack", string(debug.Stack()))
			http.Error(w, "Tocsin has a defect here; it is in the log.", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
