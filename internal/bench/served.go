package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// plan makes a page of every event (route "pages") or only records it
// ("records"), at one webhook without a limit.
func planYAML(hookURL, route string) string {
	return fmt.Sprintf(`
channels:
  machine: {webhook: {url: "%s"}}
policies:
  all: {steps: [{notify: channel/machine}]}
services:
  all: {policy: all}
integrations:
  events: {type: pagerduty, service: all, key_hash: %s}
  prometheus: {type: alertmanager, service: all, key_hash: %s}
route: %s
`, hookURL, hash(pagerDutyKey), hash("prom-key"), route)
}

const (
	pageEach   = `{group_by: ['...']}`
	recordOnly = `{group_by: ['...'], no_page: true}`
	storms     = `{group_by: [alertname]}`
)

const promPath = "/in/prom-key/api/v2/alerts"

// withServer runs fn against a fresh server and its webhook.
func (b *bench) withServer(s setup, route string, fn func(*tocsin, *hook) error) error {
	h, err := newHook()
	if err != nil {
		return err
	}
	defer h.close()
	s.plan = planYAML(h.url, route)
	x, err := b.start(s)
	if err != nil {
		return err
	}
	return errors.Join(fn(x, h), x.stop())
}

// start measures the way from exec to the first "ready".
func start(b *bench) error {
	table("database", "start to ready, p50 ms", "max ms", "target")
	data, err := os.MkdirTemp(b.dir, "data")
	if err != nil {
		return err
	}
	measure := func(name string) error {
		var f figures
		for range 7 {
			x, err := b.start(setup{plan: planYAML("http://127.0.0.1:9/", recordOnly), data: data})
			if err != nil {
				return err
			}
			f.add(x.ready)
			if err := x.stop(); err != nil {
				return err
			}
		}
		row(name, ms(f.quantile(.5)), ms(f.quantile(1)), "1000")
		return nil
	}
	if err := measure("empty"); err != nil {
		return err
	}
	x, err := b.start(setup{plan: planYAML("http://127.0.0.1:9/", recordOnly), data: data})
	if err != nil {
		return err
	}
	client, s := sender(), prometheus(promPath, 250)
	for i := 0; i < 10_000; i += s.size {
		if err := post(client, x.url+s.path, s.body(i, s.size)); err != nil {
			return errors.Join(err, x.stop())
		}
	}
	if err := x.stop(); err != nil {
		return err
	}
	return measure("10,000 open alerts")
}

// idle is a server that nobody asks anything.
func idle(b *bench) error {
	return b.withServer(setup{}, pageEach, func(x *tocsin, _ *hook) error {
		time.Sleep(2 * time.Second) // what a start leaves to do
		before, err := x.cost()
		if err != nil {
			return err
		}
		time.Sleep(b.long)
		after, err := x.cost()
		if err != nil {
			return err
		}
		table("idle for "+b.long.String(), "figure", "target")
		row("CPU of one core", fmt.Sprintf("%.2f %%", 100*(after.cpu-before.cpu).Seconds()/b.long.Seconds()), "under 1 %")
		row("resident", fmt.Sprintf("%.0f MB", float64(after.resident)/1e6), "under 80 MB")
		return nil
	})
}

// page measures from the planned sending of an event to the page's arrival.
func page(b *bench) error {
	table("events a second", "events", "POST to 2xx, p50 / p99 ms", "POST to webhook, p50 / p99 / max ms", "server's CPU of one core", "others' CPU", "target")
	for _, perSecond := range []float64{50, 500} {
		if err := b.pageAt(setup{}, perSecond); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) pageAt(s setup, perSecond float64) error {
	return b.withServer(s, pageEach, func(x *tocsin, h *hook) error {
		if err := post(sender(), x.url+"/v2/enqueue", pagerDuty().body(99_999_999, 1)); err != nil { // first connections, first statements
			return err
		}
		if _, err := h.await(make([]time.Time, 1)); err != nil {
			return err
		}
		h.mu.Lock()
		clear(h.told)
		h.mu.Unlock()
		m, err := newMeter(x)
		if err != nil {
			return err
		}
		planned, answered, err := b.open(x.url, pagerDuty(), perSecond)
		if err != nil {
			return err
		}
		told, err := h.await(planned)
		if err != nil {
			return err
		}
		own, others, err := m.read()
		if err != nil {
			return err
		}
		row(rate(perSecond), fmt.Sprint(told.n()), ms(answered.quantile(.5))+" / "+ms(answered.quantile(.99)),
			ms(told.quantile(.5))+" / "+ms(told.quantile(.99))+" / "+ms(told.quantile(1)),
			fmt.Sprintf("%.0f %%", own), fmt.Sprintf("%.0f %%", others), "5 / 50")
		return nil
	})
}

// accept is how many events a second get their 2xx, each after its commit.
func accept(b *bench) error {
	table("request", "route", "1 client", "16 clients", "64 clients", "p99 ms at 64", "429 at 64")
	for _, c := range []struct {
		s     shape
		route string
		name  string
	}{
		{pagerDuty(), recordOnly, "records"}, {prometheus(promPath, 1), recordOnly, "records"}, {prometheus(promPath, 10), recordOnly, "records"},
		{prometheus(promPath, 100), recordOnly, "records"}, {prometheus(promPath, 256), recordOnly, "records"},
		{pagerDuty(), pageEach, "pages each"}, {prometheus(promPath, 100), pageEach, "pages each"},
	} {
		cells := []string{c.s.name, c.name}
		err := b.withServer(setup{}, c.route, func(x *tocsin, _ *hook) error {
			rates, err := b.rising(x.url, c.s)
			row(append(cells, rates...)...)
			return err
		})
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.s.name, c.name, err)
		}
	}
	return nil
}

// rising runs closed loops of more and more clients: rates, and of the last the
// slowest requests and how many were sent away for a while.
func (b *bench) rising(url string, s shape) (cells []string, err error) {
	l := &loop{}
	for _, clients := range []int{1, 16, 64} {
		l = &loop{url: url, s: s, clients: clients, next: l.next}
		perSecond, err := l.run(b.ctx, b.short)
		if err != nil {
			return cells, err
		}
		cells = append(cells, rate(perSecond)+"/s")
	}
	return append(cells, ms(l.took.quantile(.99)), fmt.Sprint(l.busy)), nil
}

// storm lets new alerts pour into a few groups that have their page already.
func storm(b *bench) error {
	table("alerts so far, in 20 groups", "new alerts a second", "p99 of a request of 100, ms")
	return b.withServer(setup{}, storms, func(x *tocsin, _ *hook) error {
		first := 0
		for range 4 {
			l := &loop{url: x.url, s: prometheus(promPath, 100), clients: 4, next: first}
			perSecond, err := l.run(b.ctx, b.short)
			if err != nil {
				return err
			}
			row(fmt.Sprintf("%d to %d", first, l.next), rate(perSecond), ms(l.took.quantile(.99)))
			first = l.next
		}
		return nil
	})
}

// slowDisk adds to every fsync what a real disk takes, by strace.
func slowDisk(b *bench) error {
	table("added to each fsync", "events a second", "events", "POST to 2xx, p50 / p99 ms", "POST to webhook, p50 / p99 / max ms", "server's CPU of one core", "others' CPU", "target")
	for _, delay := range []int{1, 5} {
		for _, perSecond := range []float64{50, 500} {
			fmt.Printf("| %d ms ", delay)
			log := filepath.Join(b.dir, "strace")
			before := []string{"strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", log, "-e", "trace=fsync,fdatasync",
				"-e", fmt.Sprintf("inject=fsync,fdatasync:delay_exit=%d", delay*1000)}
			if err := b.pageAt(setup{before: before}, perSecond); err != nil {
				return fmt.Errorf("under strace: %w", err)
			}
		}
	}
	return nil
}
