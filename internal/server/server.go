package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"tocsin/internal/auth"
	"tocsin/internal/detect"
	"tocsin/internal/detect/check"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/notify/webpush"
	"tocsin/internal/store"
)

// Server is a running Tocsin: every room, built and tied together.
type Server struct {
	opts     Options
	listener net.Listener
	store    *store.Store
	engine   *engine.Engine
	auth     *auth.Auth
	signer   *notify.Signer
	channels notify.Registry
	eyes     *detect.Scheduler
	metrics  *metrics
	activity *activity
	blind    atomic.Int64 // unix micros since when a check is overdue; 0 if none is
	push     string       // public VAPID key
	planner  *planner
	http     *http.Server
	// cleanups run in reverse, also when building fails half way.
	cleanups []cleanup
}

type cleanup struct {
	what string
	do   func() error
}

// stopBound is how long a stop may take as a whole.
const stopBound = 20 * time.Second

// doorBound is how long of it what takes things in may take.
const doorBound = 8 * time.Second

// New builds a server. When it returns, the database is open, the plan is in
// force and the address is taken; Run makes it work.
func New(ctx context.Context, opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, metrics: newMetrics(opts.Version)}
	for _, build := range []func(context.Context) error{s.listen, s.openStore, s.buildWaysOut, s.buildEngine, s.loadPlan, s.buildEyes, s.buildHTTP} {
		if err := build(ctx); err != nil {
			s.cleanUp()
			return nil, err
		}
	}
	return s, nil
}

func (s *Server) onStop(what string, do func() error) {
	s.cleanups = append(s.cleanups, cleanup{what, do})
}

func (s *Server) cleanUp() {
	for i := len(s.cleanups) - 1; i >= 0; i-- {
		c := s.cleanups[i]
		if err := c.do(); err != nil {
			s.opts.Log.Error("stopping", "what", c.what, "error", err)
		}
	}
	s.cleanups = nil
}

func (s *Server) listen(context.Context) error {
	l, err := net.Listen("tcp", s.opts.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.opts.Listen, err)
	}
	s.listener = l
	s.onStop("listener", func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	if s.opts.ExternalURL == "" {
		s.opts.ExternalURL = "http://" + l.Addr().String()
	}
	return nil
}

func (s *Server) openStore(ctx context.Context) error {
	if s.opts.DatabaseURL == "" {
		if err := os.MkdirAll(s.opts.DataDir, 0o700); err != nil {
			return fmt.Errorf("make data directory: %w", err)
		}
	}
	st, err := OpenStore(ctx, s.opts)
	if err != nil {
		return err
	}
	s.store = st
	s.onStop("store", st.Close)
	return nil
}

// OpenStore opens the database that the options name, for the commands that
// need no more than that.
func OpenStore(ctx context.Context, o Options) (*store.Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	path := o.databasePath()
	if o.DatabaseURL != "" {
		path = ""
	}
	return store.Open(ctx, store.Config{Path: path, URL: o.DatabaseURL, Log: o.Log})
}

func (s *Server) buildWaysOut(ctx context.Context) error {
	k, err := readKeys(ctx, s.store)
	if err != nil {
		return err
	}
	if s.signer, err = notify.NewSigner(k.link); err != nil {
		return fmt.Errorf("link signing: %w", err)
	}
	s.push = k.pushPublic
	client := notify.NewClient(s.opts.AllowNetworks)
	s.channels = channels(client, s.opts, webpush.Config{HTTP: client, Subscriptions: subscriptions{s.store},
		PublicKey: k.pushPublic, PrivateKey: k.pushPrivate, Subject: s.opts.SMTP.From})
	return nil
}

func (s *Server) buildEngine(ctx context.Context) error {
	out := &notify.Sender{Registry: s.channels, Signer: s.signer, BaseURL: s.opts.ExternalURL}
	e, err := engine.New(engine.Options{Store: s.store, Sender: sender{out}, Log: s.opts.Log.With("room", "engine"), Observe: s.metrics, Alone: s.opts.DatabaseURL == ""})
	if err != nil {
		return err
	}
	if err := e.Open(ctx); err != nil {
		return err
	}
	s.engine = e
	s.auth = auth.New(s.store, time.Now)
	s.activity = newActivity(time.Now)
	return nil
}

func (s *Server) loadPlan(ctx context.Context) error {
	s.planner = &planner{engine: s.engine, channels: s.channels, dir: s.opts.PlanDir, vars: s.opts.PlanVars, log: s.opts.Log}
	return nil
}

func (s *Server) buildEyes(context.Context) error {
	s.eyes = &detect.Scheduler{Sink: eyes{s.engine, s.store, s.eyeName()}, Log: s.opts.Log.With("room", "detect"), Look: (&check.Prober{Secret: Secret}).Probe}
	s.eyes.Reload(s.engine.Plan())
	return nil
}

// eyeName tells this node's results of checks from those of others. It is the
// same after a restart, so that a check that failed before is not left to a node
// that is gone.
func (s *Server) eyeName() string {
	if s.opts.DatabaseURL == "" {
		return ""
	}
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return host + " " + s.Addr()
}

func (s *Server) buildHTTP(context.Context) error {
	handler, err := s.handler()
	if err != nil {
		return err
	}
	stopping, stop := context.WithCancel(context.Background())
	s.http = &http.Server{Handler: hangUp(stopping, handler), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(s.opts.Log.Handler(), slog.LevelWarn)}
	s.http.RegisterOnShutdown(stop)
	return nil
}

// URL is how people reach it.
func (s *Server) URL() string { return s.opts.ExternalURL }

// Addr is the address it listens on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Run works until ctx ends, then stops everything in reverse and returns when
// all of it has stopped.
func (s *Server) Run(ctx context.Context) error {
	defer s.cleanUp()
	// Two storeys: what takes things in stops before what writes them down.
	// Otherwise an event under way at the end would wait for a writer that is
	// gone.
	ground, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	doors, shut := context.WithCancel(ground)
	defer shut()
	failed := make(chan error, 8)
	var below, above sync.WaitGroup
	launch := func(all *sync.WaitGroup, work context.Context, what string, run func(context.Context) error) {
		all.Go(func() {
			if err := run(work); err != nil && work.Err() == nil {
				failed <- fmt.Errorf("%s: %w", what, err)
			}
		})
	}
	// The plan of a folder needs the engine's writer, and the doors open only
	// when the plan is in force.
	launch(&below, ground, "engine", s.engine.Run)
	if err := s.planner.apply(ctx); err != nil {
		stop()
		below.Wait()
		return err
	}
	s.eyes.Reload(s.engine.Plan())
	launch(&below, ground, "housekeeping", s.keepHouse)
	launch(&above, doors, "checks", s.eyes.Run)
	launch(&above, doors, "self-watch", s.watchSelf)
	launch(&above, doors, "plan", s.followPlan)
	launch(&above, doors, "http", s.serve)
	s.opts.Log.Info("ready", "url", s.opts.ExternalURL, "listen", s.Addr(), "plan", s.engine.Plan().Version)

	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		s.opts.Log.Error("stopping, since a part failed", "error", err)
	}
	shut()
	slow := wait(&above, doorBound)
	stop()
	return errors.Join(err, slow, wait(&below, stopBound-doorBound))
}

// wait bounds the stop: what hangs past it is named by the race it loses.
func wait(all *sync.WaitGroup, bound time.Duration) error {
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-time.After(bound):
		return fmt.Errorf("not everything stopped within %s", bound)
	}
}

func (s *Server) serve(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() {
		<-ctx.Done()
		// Live pages hang on for ever by design; they are cut, requests are not.
		quick, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := s.http.Shutdown(quick)
		if errors.Is(err, context.DeadlineExceeded) {
			err = s.http.Close()
		}
		closed <- err
	}()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-closed
}
