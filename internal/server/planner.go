package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tocsin/internal/config"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/detect/check"
	"tocsin/internal/engine"
	"tocsin/internal/notify"
	"tocsin/internal/notify/webpush"
)

// planner puts plans in force: those of a folder, and those of pages and API.
type planner struct {
	engine   *engine.Engine
	channels notify.Registry
	dir      string
	vars     map[string]string
	log      *slog.Logger

	mu   sync.Mutex
	seen string // what the folder looked like when it was read last
}

// ConfigOptions are what reading a plan needs to know of the other rooms.
func ConfigOptions(channels notify.Registry, vars map[string]string) config.Options {
	return config.Options{Vars: vars, Channels: channelNames{channels}, Checks: check.Registry{}, Formats: formatNames{}}
}

// Channels are the ways out as far as settings go, for commands that check a
// plan without sending anything.
func Channels() notify.Registry { return channels(nil, Options{}, webpush.Config{}) }

func (p *planner) options() config.Options {
	o := ConfigOptions(p.channels, p.vars)
	secrets := notify.Secrets{}
	o.Secret = secrets.Resolve
	return o
}

// apply reads the folder and puts it in force if it says anything new. A
// broken folder keeps the plan that is in force, but not at the first start:
// then nobody would be told of anything.
func (p *planner) apply(ctx context.Context) error {
	if p.dir == "" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	loaded, err := config.LoadDir(p.dir, p.options())
	if err != nil {
		if p.engine.Plan().Version > 0 {
			p.log.Error("the plan folder cannot be read; the plan in force stays", "folder", p.dir, "error", err)
			return nil
		}
		return fmt.Errorf("plan folder %s: %w", p.dir, err)
	}
	for _, w := range loaded.Warnings {
		p.log.Warn("plan", "warning", w.String())
	}
	return p.put(ctx, loaded.Plan)
}

func (p *planner) put(ctx context.Context, next *plan.Plan) error {
	old := p.engine.Plan()
	changes := config.Diff(old, next)
	if same, err := sameYAML(old, next); err != nil {
		return err
	} else if same && old.Version > 0 {
		return nil
	}
	source, err := config.Encode(next)
	if err != nil {
		return fmt.Errorf("write plan: %w", err)
	}
	comment := fmt.Sprintf("folder %s: %d changes", filepath.Base(p.dir), len(changes))
	v, err := p.engine.SavePlan(ctx, fact.System, engine.PlanVersion{Author: "plan folder", Comment: comment, Plan: next, Source: string(source)})
	if err != nil {
		return err
	}
	p.log.Info("plan in force", "version", v, "changes", len(changes))
	return nil
}

func sameYAML(a, b *plan.Plan) (bool, error) {
	x, errX := config.Encode(a)
	y, errY := config.Encode(b)
	return string(x) == string(y), errors.Join(errX, errY)
}

// changed says whether the folder looks different from the last look: names,
// sizes and times, which is what an editor or a checkout changes.
func (p *planner) changed() bool {
	var b strings.Builder
	_ = filepath.WalkDir(p.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.seen
	p.seen = b.String()
	return was != "" && was != p.seen
}

// Reload reads the plan folder again; SIGHUP and `tocsin apply` ask for it.
func (s *Server) Reload(ctx context.Context) error {
	if err := s.planner.apply(ctx); err != nil {
		return err
	}
	s.eyes.Reload(s.engine.Plan())
	return nil
}

// followPlan hands every new plan to the eyes and reads a changed folder.
func (s *Server) followPlan(ctx context.Context) error {
	var folder <-chan time.Time
	if s.planner.dir != "" {
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		folder = tick.C
		s.planner.changed()
	}
	changes := s.engine.Changes(ctx)
	version := s.engine.Plan().Version
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-folder:
			if s.planner.changed() {
				if err := s.planner.apply(ctx); err != nil && ctx.Err() == nil {
					s.opts.Log.Error("plan folder", "error", err)
				}
			}
		case <-changes:
		}
		if now := s.engine.Plan(); now.Version != version {
			version = now.Version
			s.eyes.Reload(now)
		}
	}
}

// channelNames tells config about channels.
type channelNames struct{ registry notify.Registry }

func (c channelNames) Fields(channel string) ([]string, bool) {
	ch, ok := c.registry[channel]
	if !ok {
		return nil, false
	}
	var secret []string
	for _, f := range ch.Fields() {
		if f.Secret {
			secret = append(secret, f.Name)
		}
	}
	return secret, true
}

func (c channelNames) Check(channel string, settings map[string]string) error {
	return c.registry.Check(channel, settings)
}

func (c channelNames) Names() []string { return slices.Sorted(maps.Keys(c.registry)) }

// Main is the setting that a lone text stands for: "email: ana@example.com".
func (c channelNames) Main(channel string) string {
	ch, ok := c.registry[channel]
	if !ok || len(ch.Fields()) == 0 {
		return ""
	}
	return ch.Fields()[0].Name
}

type formatNames struct{}

func (formatNames) Known(name string) bool { return slices.Contains(formatNames{}.Names(), name) }

func (formatNames) Names() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	return names
}
