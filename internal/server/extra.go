package server

import (
	"net/http"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/core/notification"
	"tocsin/internal/detect"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/store"
	"tocsin/internal/web"
)

// Rooms is what a guest of this server may use: the demo's stage, which stands
// beside the pages and is no part of `tocsin serve`.
type Rooms struct {
	Store  *store.Store
	Engine *engine.Engine
	Auth   *auth.Auth
	Eyes   *detect.Scheduler
	// URL is how people reach this server; Stylesheet the path of its style.
	URL, Stylesheet string
	// Link is the signed address that a message carries.
	Link func(to notification.Ref, m notification.Message) string
}

// Extra builds further handlers, by the pattern at which each stands.
type Extra func(Rooms) (map[string]http.Handler, error)

// messageLinkLife is how long the address on a sample telephone works.
const messageLinkLife = 7 * 24 * time.Hour

func (s *Server) mountExtra(mux *http.ServeMux) error {
	if s.opts.Extra == nil {
		return nil
	}
	style, err := web.Stylesheet()
	if err != nil {
		return err
	}
	handlers, err := s.opts.Extra(Rooms{Store: s.store, Engine: s.engine, Auth: s.auth, Eyes: s.eyes, URL: s.opts.ExternalURL, Stylesheet: style, Link: s.messageLink})
	if err != nil {
		return err
	}
	for pattern, h := range handlers {
		mux.Handle(pattern, h)
	}
	return nil
}

func (s *Server) messageLink(to notification.Ref, m notification.Message) string {
	t := notify.Token{Page: m.Page, Incident: m.Incident, User: to.User, Contact: to.Contact, Expires: m.At.Add(messageLinkLife)}
	for _, p := range m.Pages {
		if p != t.Page {
			t.Also = append(t.Also, p)
		}
	}
	return notify.LinksOf(s.opts.ExternalURL, s.signer.Sign(t)).View
}
