package shop

import "net/http"

// switchboard is the page with the buttons. It has a port of its own, since
// the shop's may be shut.
func (s *Shop) switchboard() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		s.show(w, http.StatusOK, page{Board: true})
	})
	mux.HandleFunc("GET /shop.css", serveCSS)
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.state()) })
	mux.HandleFunc("POST /break", func(w http.ResponseWriter, r *http.Request) {
		s.turn(w, r, func() error { return s.Break(Mode(r.PostForm.Get("mode"))) })
	})
	mux.HandleFunc("POST /heal", func(w http.ResponseWriter, r *http.Request) { s.turn(w, r, s.Heal) })
	inner := s.handlerOf(mux)
	// Only the demo's own pages may press the buttons, not any site that a
	// visitor has open beside it. The shop's port is known by the time of the
	// first request only, hence a protection built for each.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guard := http.NewCrossOriginProtection()
		for _, origin := range []string{s.URL(), s.TLSURL()} {
			if origin != "" {
				_ = guard.AddTrustedOrigin(origin) // both are well formed: we made them
			}
		}
		guard.Handler(inner).ServeHTTP(w, r)
	})
}

// turn presses a button and goes back to where the visitor came from, unless
// nobody would answer there.
func (s *Shop) turn(w http.ResponseWriter, r *http.Request, press func() error) {
	if !readForm(w, r) {
		return
	}
	if err := press(); err != nil {
		s.show(w, http.StatusUnprocessableEntity, page{Board: true, Bad: true, Notice: err.Error()})
		return
	}
	back := r.PostForm.Get("back")
	if s.Mode() == Down || !s.sameSite(back) {
		back = s.ControlURL() + "/"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}
