package server

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"tocsin/internal/notify/email"
)

// Options say how to run. Zero values are the defaults of `tocsin serve`.
type Options struct {
	// Listen is the address of the web server, "127.0.0.1:8480" by default.
	Listen string
	// ExternalURL is how people and phones reach it; http://Listen by default.
	ExternalURL string
	// DataDir holds the embedded database and its lock; "data" by default.
	DataDir string
	// DatabaseURL is postgres://... for several nodes. Empty: SQLite in DataDir.
	DatabaseURL string
	// PlanDir is a folder of YAML that owns the plan. Empty: the plan is
	// edited in the pages and by the API.
	PlanDir string
	// PlanVars are the values of ${NAME} in the plan's files.
	PlanVars map[string]string
	// AllowNetworks are private networks that channels may reach.
	AllowNetworks []netip.Prefix
	// TrustProxies are the networks of reverse proxies whose X-Forwarded-For is
	// believed.
	TrustProxies []netip.Prefix
	SMTP         email.Config
	// SlackSigningSecret makes /slack/interactions answer button presses.
	SlackSigningSecret string
	// Retention is how long resolved alerts, messages and the journal stay.
	Retention time.Duration
	// Gallery serves /components, for whoever works on the pages.
	Gallery bool
	// Banner is a line above every page: what a demo simulates.
	Banner string
	// BannerLink is where it leads; may be empty.
	BannerLink string
	// Extra mounts handlers beside the pages: the demo's stage.
	Extra Extra
	Log   *slog.Logger
	// Version is shown in pages, metrics and the user agent.
	Version string
}

// DefaultRetention keeps over a year: last year's night is a question too.
const DefaultRetention = 400 * 24 * time.Hour

func (o Options) withDefaults() (Options, error) {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8480"
	}
	if o.DataDir == "" {
		o.DataDir = "data"
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.SMTP.From == "" {
		o.SMTP.From = "tocsin@localhost"
	}
	o.ExternalURL = strings.TrimRight(o.ExternalURL, "/")
	if o.ExternalURL == "" {
		return o, nil // known once the listener stands
	}
	u, err := url.Parse(o.ExternalURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return o, fmt.Errorf("external-url %q is not an http or https address", o.ExternalURL)
	}
	return o, nil
}

func (o Options) databasePath() string { return filepath.Join(o.DataDir, "tocsin.db") }
