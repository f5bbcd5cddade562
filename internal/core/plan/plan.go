// Package plan holds what people configured (Plan: immutable, versioned) and
// what they have put in force for a while (Board: silences, maintenance,
// overrides). It is data with look-ups; the rules live in the rooms beside it.
package plan

import (
	"maps"
	"slices"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
	"tocsin/internal/core/signal"
)

// Plan is one version of the whole configuration. Once Prepare has run it must
// not be changed: many steps read it at once.
type Plan struct {
	Version      int64             `json:"-"`
	Users        []User            `json:"users,omitempty"`
	Teams        []Team            `json:"teams,omitempty"`
	Schedules    []oncall.Schedule `json:"schedules,omitempty"`
	Policies     []Policy          `json:"policies,omitempty"`
	Services     []Service         `json:"services,omitempty"`
	Channels     []Contact         `json:"channels,omitempty"` // shared destinations: a team's chat room
	Integrations []Integration     `json:"integrations,omitempty"`
	Route        Route             `json:"route"`
	Checks       []Check           `json:"checks,omitempty"`
	Heartbeats   []Heartbeat       `json:"heartbeats,omitempty"`
	// Fallback is told when a page finds nobody on call, or nobody answers to
	// the end of its policy and the policy names no fallback of its own.
	Fallback []Target `json:"fallback,omitempty"`

	index index
}

// User is a person who can be told.
type User struct {
	ID       string    `json:"id"`
	Name     string    `json:"name,omitempty"`
	Email    string    `json:"email,omitempty"`
	Zone     string    `json:"zone,omitempty"`
	Contacts []Contact `json:"contacts,omitempty"`
	// High and Low say how this person wants to be told, by urgency. Empty:
	// the contacts in their order, the first at once, the others two minutes
	// apart (High), or the first contact only (Low).
	High []NotifyRule `json:"high,omitempty"`
	Low  []NotifyRule `json:"low,omitempty"`
}

// DisplayName is the name, or the id where no name was given.
func (u *User) DisplayName() string {
	if u.Name != "" {
		return u.Name
	}
	return u.ID
}

// Contact is one way to reach somebody: a channel and its settings.
type Contact struct {
	ID      string `json:"id"`      // unique within its user, or among Channels
	Channel string `json:"channel"` // name in the channel registry: email, ntfy, slack, ...
	// Settings are the channel's own fields. A value "env:NAME" or
	// "file:PATH" is a secret by reference and is read only when sending.
	Settings map[string]string `json:"settings,omitempty"`
	// Limit bounds how often this contact is told; what is over it is folded
	// into one later message, never dropped. Zero: the channel's default.
	Limit Limit `json:"limit,omitzero"`
}

// Limit is at most Count messages in any Per.
type Limit struct {
	Count int      `json:"count"`
	Per   Duration `json:"per"`
}

// NotifyRule tells one contact some time after the person was first to be told.
type NotifyRule struct {
	After   Duration `json:"after"`
	Contact string   `json:"contact"`
}

// Team owns services.
type Team struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	Members []string `json:"members,omitempty"`
}

// TargetKind says what a policy step points at.
type TargetKind string

// The kinds of target. Team means every member.
const (
	ToUser     TargetKind = "user"
	ToSchedule TargetKind = "schedule"
	ToTeam     TargetKind = "team"
	ToChannel  TargetKind = "channel"
)

// Target is somebody, or some place, that a policy step tells. In text it is
// "schedule/primary".
type Target struct {
	Kind TargetKind `json:"kind"`
	ID   string     `json:"id"`
}

func (t Target) String() string { return string(t.Kind) + "/" + t.ID }

// Policy is an escalation policy: the order in which people are tried. It never
// loops by itself; Repeat says how often it starts again.
type Policy struct {
	ID    string `json:"id"`
	Name  string `json:"name,omitempty"`
	Steps []Step `json:"steps"`
	// Repeat is how many times the steps run again after the first run.
	Repeat int `json:"repeat,omitempty"`
	// RepeatAfter is the pause after the last step before the steps run again,
	// or before the fallback is told. 0: DefaultRepeatAfter.
	RepeatAfter Duration `json:"repeat_after,omitempty"`
	// AckTimeout returns an acknowledged page to triggered. 0: never.
	AckTimeout Duration `json:"ack_timeout,omitempty"`
	// Fallback is told when nobody is on call, or nobody answered at the end.
	Fallback []Target `json:"fallback,omitempty"`
}

// DefaultRepeatAfter is how long the last step may go unanswered.
const DefaultRepeatAfter = Duration(5 * time.Minute)

// Step is one rung. After is counted from the moment the previous rung was
// told, not from its receipt: a slow provider gives the sleeper no more time.
type Step struct {
	After   Duration `json:"after,omitempty"`
	Targets []Target `json:"targets"`
}

// Urgency is how hard people are told.
type Urgency string

// The urgencies. BySeverity: critical, error and unsaid are high, the rest low.
const (
	High       Urgency = "high"
	Low        Urgency = "low"
	BySeverity Urgency = "by-severity"
)

// Service is what suffers and what somebody is responsible for.
type Service struct {
	ID          string  `json:"id"`
	Name        string  `json:"name,omitempty"`
	Description string  `json:"description,omitempty"`
	Team        string  `json:"team,omitempty"`
	Policy      string  `json:"policy,omitempty"`
	Urgency     Urgency `json:"urgency,omitempty"` // empty: BySeverity
	Tier        int     `json:"tier,omitempty"`    // 1 is the most important; 0 unsaid
	Runbook     string  `json:"runbook,omitempty"` // URL
}

// Integration is a door for one source: a type of format and a key.
type Integration struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	Type    string `json:"type"`              // name in the intake registry
	Service string `json:"service,omitempty"` // where its alerts go unless a route says otherwise
	// KeyHash is the SHA-256 of the key in hex. The key itself is never stored.
	KeyHash string `json:"key_hash,omitempty"`
	// ResolveTimeout resolves an alert that its source stopped sending. 0: the
	// format's default (5m for Alertmanager's API, never for PagerDuty's).
	ResolveTimeout Duration `json:"resolve_timeout,omitempty"`
	// Mapping holds the CEL expressions of the generic webhook, by field.
	Mapping map[string]string `json:"mapping,omitempty"`
}

// Route is a node of the routing tree, with Alertmanager's semantics: depth
// first, the first matching child ends the search unless it continues, and a
// node whose children do not match is itself the result. Unset fields inherit
// from the parent, Matchers and Continue do not.
type Route struct {
	// ID is the position in the tree ("0.2.1"), given by Prepare.
	ID       string          `json:"-"`
	Name     string          `json:"name,omitempty"`
	Matchers signal.Matchers `json:"matchers,omitempty"`
	Continue bool            `json:"continue,omitempty"`
	// Service and Policy override what the alert itself points at.
	Service string `json:"service,omitempty"`
	Policy  string `json:"policy,omitempty"`
	// GroupBy gathers alerts with equal values of these labels into one page;
	// empty gathers the whole route, nil inherits. Where no route says anything,
	// and with ["..."], each alert stands for itself.
	GroupBy []string `json:"group_by,omitzero"`
	// GroupWait holds the first page of a new group, so that company can join.
	// Nil inherits; the root's default is 0: page first, gather after.
	GroupWait *Duration `json:"group_wait,omitempty"`
	Urgency   Urgency   `json:"urgency,omitempty"`
	// NoPage records alerts and tells nobody; "true" or "false", empty inherits.
	NoPage string `json:"no_page,omitempty"`
	// Declare opens an incident of this severity (1-5) with the page. 0: no.
	Declare int     `json:"declare,omitempty"`
	Routes  []Route `json:"routes,omitempty"`
}

// Check is something Tocsin looks at itself.
type Check struct {
	ID       string            `json:"id"`
	Name     string            `json:"name,omitempty"`
	Service  string            `json:"service,omitempty"`
	Type     string            `json:"type"` // http, tcp, dns, tls, icmp, ...
	Settings map[string]string `json:"settings,omitempty"`
	Interval Duration          `json:"interval"`
	Timeout  Duration          `json:"timeout"`
	// Retries is how many further failures, RetryInterval apart, make a soft
	// failure hard. 0: the first failure is hard.
	Retries       int             `json:"retries,omitempty"`
	RetryInterval Duration        `json:"retry_interval,omitempty"`
	Conditions    []string        `json:"conditions,omitempty"` // all must hold: "[STATUS] == 200"
	Severity      signal.Severity `json:"severity,omitempty"`   // empty: critical
	Labels        signal.Labels   `json:"labels,omitempty"`
}

// Heartbeat expects a ping; its absence is the alert. It sleeps until the
// first ping.
type Heartbeat struct {
	ID       string          `json:"id"`
	Name     string          `json:"name,omitempty"`
	Service  string          `json:"service,omitempty"`
	Every    Duration        `json:"every"`
	Grace    Duration        `json:"grace,omitempty"`
	Severity signal.Severity `json:"severity,omitempty"` // empty: critical
	Labels   signal.Labels   `json:"labels,omitempty"`
	KeyHash  string          `json:"key_hash,omitempty"`
}

// proofless channels need no verification: what arrives there can only arrive
// with the person, or is proved by being set up at all.
var proofless = map[string]bool{"inapp": true, "webpush": true}

// Address is a hash of where the contact leads. Verifying a contact verifies
// this; another address is another contact.
func (c *Contact) Address() string {
	parts := []string{c.Channel}
	for _, k := range slices.Sorted(maps.Keys(c.Settings)) {
		parts = append(parts, k, c.Settings[k])
	}
	return fact.Hash(parts...)
}

// VerifiedContact says whether the person has shown that the contact reaches them.
func (b *Board) VerifiedContact(user string, c *Contact) bool {
	return proofless[c.Channel] || b.Verified[user+"/"+c.ID] == c.Address()
}
