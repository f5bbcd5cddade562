package cli

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tocsin/internal/notify/email"
	"tocsin/internal/server"
)

// serverFlags are the flags of serve. Each can be set by an environment
// variable: --data-dir by TOCSIN_DATA_DIR.
type serverFlags struct {
	options   server.Options
	networks  []string
	smtpTLS   string
	smtpPass  string
	retention time.Duration
	logFormat string
	logLevel  string
}

func (f *serverFlags) database(set *pflag.FlagSet) {
	set.StringVar(&f.options.DataDir, "data-dir", env("DATA_DIR", "data"), "folder of the embedded database")
	set.StringVar(&f.options.DatabaseURL, "database-url", env("DATABASE_URL", ""), "postgres://... instead of the embedded database")
	set.StringVar(&f.logFormat, "log-format", env("LOG_FORMAT", "text"), "text or json")
	set.StringVar(&f.logLevel, "log-level", env("LOG_LEVEL", "info"), "debug, info, warn or error")
}

func (f *serverFlags) all(set *pflag.FlagSet) {
	f.database(set)
	o := &f.options
	set.StringVar(&o.Listen, "listen", env("LISTEN", "127.0.0.1:8480"), "address to listen on")
	set.StringVar(&o.ExternalURL, "external-url", env("EXTERNAL_URL", ""), "how people and phones reach it (default http://LISTEN)")
	set.StringVar(&o.PlanDir, "plan", env("PLAN", ""), "folder of YAML that owns the plan; without it the plan is edited in the pages")
	set.StringSliceVar(&f.networks, "allow-network", split(env("ALLOW_NETWORK", "")), "private networks that channels may reach, like 10.0.0.0/8")
	set.StringVar(&o.SMTP.Host, "smtp-host", env("SMTP_HOST", ""), "mail server")
	set.IntVar(&o.SMTP.Port, "smtp-port", envInt("SMTP_PORT"), "its port (default by --smtp-tls)")
	set.StringVar(&o.SMTP.User, "smtp-user", env("SMTP_USER", ""), "its user")
	set.StringVar(&f.smtpPass, "smtp-password", env("SMTP_PASSWORD", ""), "its password, as env:NAME or file:PATH")
	set.StringVar(&o.SMTP.From, "smtp-from", env("SMTP_FROM", ""), "sender of mail")
	set.StringVar(&f.smtpTLS, "smtp-tls", env("SMTP_TLS", "starttls"), "starttls, tls or none")
	set.StringVar(&o.SlackSigningSecret, "slack-signing-secret", env("SLACK_SIGNING_SECRET", ""), "makes Slack's buttons work, as env:NAME or file:PATH")
	set.DurationVar(&f.retention, "retention", server.DefaultRetention, "how long what is over is kept")
	set.BoolVar(&o.Gallery, "gallery", false, "serve /gallery, for whoever works on the pages")
}

func (f *serverFlags) build(c *cobra.Command) (server.Options, error) {
	o := f.options
	var err error
	if o.Log, err = logger(c.ErrOrStderr(), f.logFormat, f.logLevel); err != nil {
		return o, err
	}
	for _, text := range f.networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return o, fmt.Errorf("allow-network %q is not a network like 10.0.0.0/8", text)
		}
		o.AllowNetworks = append(o.AllowNetworks, p)
	}
	o.SMTP.TLS = email.TLSMode(f.smtpTLS)
	if o.SMTP.Password, err = server.Secret(f.smtpPass); err != nil {
		return o, fmt.Errorf("smtp-password: %w", err)
	}
	if o.SlackSigningSecret, err = server.Secret(o.SlackSigningSecret); err != nil {
		return o, fmt.Errorf("slack-signing-secret: %w", err)
	}
	if o.SMTP.Host != "" {
		if err := o.SMTP.Check(); err != nil {
			return o, err
		}
	}
	o.Retention = f.retention
	o.Version = version
	return o, nil
}

func env(name, otherwise string) string {
	if v := os.Getenv("TOCSIN_" + name); v != "" {
		return v
	}
	return otherwise
}

func envInt(name string) int {
	n, err := strconv.Atoi(env(name, "0"))
	if err != nil {
		return 0
	}
	return n
}

func serveCommand() *cobra.Command {
	var f serverFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run Tocsin",
		Long: "Run Tocsin until it is told to stop. SIGHUP reads the plan folder again; SIGTERM finishes what is being sent and stops.\n\n" +
			"Every flag can be set in the environment: --data-dir is TOCSIN_DATA_DIR.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.build(c)
			if err != nil {
				return err
			}
			s, err := server.New(c.Context(), o)
			if err != nil {
				return failed(err)
			}
			stop := onHangup(c.Context(), s, o)
			defer stop()
			if err := s.Run(c.Context()); err != nil {
				return failed(err)
			}
			return nil
		},
	}
	f.all(c.Flags())
	return c
}

// onHangup reads the plan folder again at each SIGHUP.
func onHangup(ctx context.Context, s *server.Server, o server.Options) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangup:
				if err := s.Reload(ctx); err != nil {
					o.Log.Error("reload", "error", err)
				}
			}
		}
	}()
	return func() { signal.Stop(hangup); cancel(); <-done }
}
