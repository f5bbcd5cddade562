package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strings"
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
	proxies   []string
	smtpTLS   string
	smtpPass  string
	retention time.Duration
	logFormat string
	logLevel  string
}

func (f *serverFlags) database(set *pflag.FlagSet) {
	set.StringVar(&f.options.DataDir, "data-dir", "data", "folder of the embedded database")
	set.StringVar(&f.options.DatabaseURL, "database-url", "", "postgres://... instead of the embedded database")
	set.StringVar(&f.logFormat, "log-format", "text", "text or json")
	set.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
}

func (f *serverFlags) all(set *pflag.FlagSet) {
	f.database(set)
	o := &f.options
	set.StringVar(&o.Listen, "listen", "127.0.0.1:8480", "address to listen on")
	set.StringVar(&o.ExternalURL, "external-url", "", "how people and phones reach it (default http://LISTEN)")
	set.StringVar(&o.PlanDir, "plan", "", "folder of YAML that owns the plan; without it the plan is edited in the pages")
	set.StringSliceVar(&f.networks, "allow-network", nil, "private networks that channels may reach, like 10.0.0.0/8")
	set.StringSliceVar(&f.proxies, "trust-proxy", nil, "networks of reverse proxies whose X-Forwarded-For is believed, like 127.0.0.1/32")
	set.StringVar(&o.SMTP.Host, "smtp-host", "", "mail server")
	set.IntVar(&o.SMTP.Port, "smtp-port", 0, "its port (default by --smtp-tls)")
	set.StringVar(&o.SMTP.User, "smtp-user", "", "its user")
	set.StringVar(&f.smtpPass, "smtp-password", "", "its password, as env:NAME or file:PATH")
	set.StringVar(&o.SMTP.From, "smtp-from", "", "sender of mail")
	set.StringVar(&f.smtpTLS, "smtp-tls", "starttls", "starttls, tls or none")
	set.StringVar(&o.SlackSigningSecret, "slack-signing-secret", "", "makes Slack's buttons work, as env:NAME or file:PATH")
	set.DurationVar(&f.retention, "retention", server.DefaultRetention, "how long what is over is kept")
	set.BoolVar(&o.Gallery, "gallery", false, "serve /components, for whoever works on the pages")
}

func (f *serverFlags) build(c *cobra.Command) (server.Options, error) {
	if err := fromEnvironment(c.Flags(), os.LookupEnv); err != nil {
		return server.Options{}, err
	}
	o := f.options
	var err error
	if o.Log, err = logger(c.ErrOrStderr(), f.logFormat, f.logLevel); err != nil {
		return o, err
	}
	if o.AllowNetworks, err = prefixes("allow-network", f.networks); err != nil {
		return o, err
	}
	if o.TrustProxies, err = prefixes("trust-proxy", f.proxies); err != nil {
		return o, err
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

func prefixes(flag string, texts []string) (list []netip.Prefix, err error) {
	for _, text := range texts {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not a network like 10.0.0.0/8", flag, text)
		}
		list = append(list, p)
	}
	return list, nil
}

// variable is the environment's name of a flag.
func variable(flag string) string {
	return "TOCSIN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fromEnvironment sets the flags that were not given on the command line. They
// are no defaults: help prints those, and there are passwords among them.
func fromEnvironment(set *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var wrong []error
	set.VisitAll(func(f *pflag.Flag) {
		value, ok := lookup(variable(f.Name))
		if f.Changed || !ok || value == "" {
			return
		}
		if err := set.Set(f.Name, value); err != nil {
			wrong = append(wrong, fmt.Errorf("%s: %w", variable(f.Name), err))
		}
	})
	return errors.Join(wrong...)
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
