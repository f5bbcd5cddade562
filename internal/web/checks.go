package web

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
)

var (
	checksPage = sheet[checksView]("checks.html")
	checkPage  = sheet[checkView]("check.html")
)

type checksView struct {
	Checks []CheckRow
	Beats  []BeatRow
	None   Empty
}

// CheckRow is a check, and how its latest looks went.
type CheckRow struct {
	ID, Name, Type string
	Service        Named
	Mark           Mark
	Reason         string
	Since          Stamp
	Every          string
	Spark          []SparkBar
	SparkWords     string
}

// SparkBar is one look: its height is how long it took.
type SparkBar struct {
	X, Y, H int
	Class   string
}

// BeatRow is a heartbeat.
type BeatRow struct {
	ID, Name string
	Service  Named
	Mark     Mark
	Last     Stamp
	Due      Stamp
	Every    string
}

func (c *call) checkRow(ch *plan.Check) (CheckRow, error) {
	r := CheckRow{ID: ch.ID, Name: cmp.Or(ch.Name, ch.ID), Type: ch.Type, Service: c.service(ch.Service), Mark: markUnknown.as("Not looked at yet"), Every: ch.Interval.String()}
	st, err := c.s.Ledger.State(c.r.Context(), fact.Of(watch.CheckKind, ch.ID))
	if err != nil {
		return r, err
	}
	if s, ok := st.(*watch.Check); ok && s != nil {
		r.Since = c.stamp(s.Since)
		switch {
		case s.Hard:
			r.Mark, r.Reason = markFiring.as("Failing"), s.Reason
		case s.Failures > 0:
			r.Mark, r.Reason = markAcked.as(fmt.Sprintf("Failed %d of %d", s.Failures, ch.Retries+1)), s.Reason
		default:
			r.Mark = markResolved.as("Working")
		}
	}
	if c.s.Probes != nil {
		r.Spark, r.SparkWords = spark(c.s.Probes.Recent(ch.ID, sparkBars))
	}
	return r, nil
}

const (
	sparkBars = 40
	sparkTall = 20
)

// spark draws the latest looks: tall is slow, red is failed.
func spark(probes []Probe) (bars []SparkBar, words string) {
	var most time.Duration
	failed := 0
	for _, p := range probes {
		if p.OK {
			most = max(most, p.Took)
		} else {
			failed++
		}
	}
	for i, p := range probes {
		b := SparkBar{X: i * 4, Class: "ok", H: sparkTall}
		if p.OK && most > 0 {
			b.H = max(3, int(int64(sparkTall)*int64(p.Took)/int64(most)))
		}
		if !p.OK {
			b.Class = "no"
		}
		b.Y = sparkTall - b.H
		bars = append(bars, b)
	}
	if n := len(probes); n > 0 {
		words = fmt.Sprintf("last %d looks, %d failed, the slowest took %s, the latest %s", n, failed, most.Round(time.Millisecond), probes[n-1].Took.Round(time.Millisecond))
	}
	return bars, words
}

func (c *call) beatRow(h *plan.Heartbeat) (BeatRow, error) {
	r := BeatRow{ID: h.ID, Name: cmp.Or(h.Name, h.ID), Service: c.service(h.Service), Every: h.Every.String(), Mark: markUnknown.as("Waits for its first ping")}
	st, err := c.s.Ledger.State(c.r.Context(), fact.Of(watch.HeartbeatKind, h.ID))
	if err != nil {
		return r, err
	}
	if s, ok := st.(*watch.Heartbeat); ok && s != nil {
		r.Last, r.Due = c.stamp(s.LastPing), c.stamp(s.LastPing.Add(h.Every.Std()+h.Grace.Std()))
		r.Mark = markResolved.as("Beating")
		if s.Missed {
			r.Mark = markFiring.as("Missed")
		}
	}
	return r, nil
}

func (c *call) checksShow() error {
	v := checksView{None: Empty{Title: "Tocsin looks at nothing itself yet", Text: "A check looks at a web page, a port, a name, a certificate. A heartbeat waits for a sign of life and rings when it does not come.",
		Sample: `checks:
  front-page:
    http: {url: https://shop.example.org/}
    service: shop
    interval: 1m
    conditions: ["[STATUS] == 200"]`, Href: "/plan/edit", Do: "Write it in the plan"}}
	for i := range c.plan.Checks {
		row, err := c.checkRow(&c.plan.Checks[i])
		if err != nil {
			return err
		}
		v.Checks = append(v.Checks, row)
	}
	for i := range c.plan.Heartbeats {
		row, err := c.beatRow(&c.plan.Heartbeats[i])
		if err != nil {
			return err
		}
		v.Beats = append(v.Beats, row)
	}
	return show(c, checksPage, "Checks", v)
}

type checkView struct {
	Check      *CheckRow
	Beat       *BeatRow
	Name       string
	Settings   []Pair
	Conditions []string
	Retries    int
	Steps      []Step
	PingURL    string
}

func (c *call) checkShow() error {
	id := c.r.PathValue("id")
	var v checkView
	switch ch, h := c.plan.Check(id), c.plan.Heartbeat(id); {
	case ch != nil:
		row, err := c.checkRow(ch)
		if err != nil {
			return err
		}
		v = checkView{Check: &row, Name: row.Name, Settings: shown(ch.Settings), Conditions: ch.Conditions, Retries: ch.Retries}
	case h != nil:
		row, err := c.beatRow(h)
		if err != nil {
			return err
		}
		v = checkView{Beat: &row, Name: row.Name, PingURL: c.s.BaseURL + "/heartbeat/" + pingName(h)}
	default:
		return gone("check", id)
	}
	entries, err := c.s.Ledger.Timeline(c.r.Context(), []string{id}, 0, 200)
	if err != nil {
		return err
	}
	v.Steps = c.steps(entries, nil)
	return show(c, checkPage, v.Name, v)
}

// shown are settings without what must not be seen.
func shown(settings map[string]string) []Pair {
	out := pairs(settings)
	for i, p := range out {
		name := strings.ToLower(p.Name)
		for _, secret := range []string{"password", "secret", "token", "auth", "key"} {
			if strings.Contains(name, secret) {
				out[i].Value = "not shown"
			}
		}
	}
	return out
}

// pingName is what stands at the end of a heartbeat's address. A key is kept as
// its hash, so nobody can show it.
func pingName(h *plan.Heartbeat) string {
	if h.KeyHash != "" {
		return "KEY"
	}
	return h.ID
}
