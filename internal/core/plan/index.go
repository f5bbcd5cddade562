package plan

import (
	"fmt"
	"strconv"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/oncall"
)

type index struct {
	users        map[string]*User
	teams        map[string]*Team
	schedules    map[string]*oncall.Schedule
	policies     map[string]*Policy
	services     map[string]*Service
	channels     map[string]*Contact
	integrations map[string]*Integration
	byKeyHash    map[string]*Integration
	heartbeats   map[string]*Heartbeat
	checks       map[string]*Check
	routes       map[string]*Route
}

// Zones loads a time zone by its IANA name. The core never reads the disk, so
// whoever builds a plan passes time.LoadLocation.
type Zones func(name string) (*time.Location, error)

// Prepare resolves references, loads zones, numbers routes and compiles
// matchers. It refuses a plan that a step could stumble over; what is merely
// unwise is for config's findings.
func (p *Plan) Prepare(zones Zones) error {
	p.index = index{
		users: byID(p.Users, func(u *User) string { return u.ID }), teams: byID(p.Teams, func(t *Team) string { return t.ID }),
		schedules: byID(p.Schedules, func(s *oncall.Schedule) string { return s.ID }), policies: byID(p.Policies, func(x *Policy) string { return x.ID }),
		services: byID(p.Services, func(s *Service) string { return s.ID }), channels: byID(p.Channels, func(c *Contact) string { return c.ID }),
		integrations: byID(p.Integrations, func(i *Integration) string { return i.ID }), byKeyHash: map[string]*Integration{},
		heartbeats: byID(p.Heartbeats, func(h *Heartbeat) string { return h.ID }), checks: byID(p.Checks, func(c *Check) string { return c.ID }),
		routes: map[string]*Route{},
	}
	for i := range p.Schedules {
		s := &p.Schedules[i]
		loc, err := zones(s.Zone)
		if err != nil {
			return fact.Refuse("invalid", "schedules."+s.ID+".zone", fmt.Sprintf("unknown time zone %q", s.Zone))
		}
		s.Loc = loc
	}
	for i := range p.Integrations {
		if in := &p.Integrations[i]; in.KeyHash != "" {
			p.index.byKeyHash[in.KeyHash] = in
		}
	}
	p.number(&p.Route, "0")
	return p.validate()
}

func (p *Plan) number(r *Route, id string) {
	r.ID = id
	r.Matchers = r.Matchers.Compiled()
	p.index.routes[id] = r
	for i := range r.Routes {
		p.number(&r.Routes[i], id+"."+strconv.Itoa(i))
	}
}

func byID[T any](list []T, id func(*T) string) map[string]*T {
	m := make(map[string]*T, len(list))
	for i := range list {
		m[id(&list[i])] = &list[i]
	}
	return m
}

// The look-ups return nil for an unknown id.

// User finds a person.
func (p *Plan) User(id string) *User { return p.index.users[id] }

// Team finds a team.
func (p *Plan) Team(id string) *Team { return p.index.teams[id] }

// Schedule finds a schedule.
func (p *Plan) Schedule(id string) *oncall.Schedule { return p.index.schedules[id] }

// Policy finds an escalation policy.
func (p *Plan) Policy(id string) *Policy { return p.index.policies[id] }

// Service finds a service.
func (p *Plan) Service(id string) *Service { return p.index.services[id] }

// Channel finds a shared destination.
func (p *Plan) Channel(id string) *Contact { return p.index.channels[id] }

// Integration finds an integration.
func (p *Plan) Integration(id string) *Integration { return p.index.integrations[id] }

// IntegrationByKeyHash finds an integration by the SHA-256 hex of its key.
func (p *Plan) IntegrationByKeyHash(hash string) *Integration { return p.index.byKeyHash[hash] }

// Heartbeat finds a heartbeat.
func (p *Plan) Heartbeat(id string) *Heartbeat { return p.index.heartbeats[id] }

// Check finds a check.
func (p *Plan) Check(id string) *Check { return p.index.checks[id] }

// RouteByID finds a node of the routing tree by its position.
func (p *Plan) RouteByID(id string) *Route { return p.index.routes[id] }

// UserContact finds a person's contact by its id within the person.
func (p *Plan) UserContact(user, contact string) *Contact {
	u := p.User(user)
	if u == nil {
		return nil
	}
	for i := range u.Contacts {
		if u.Contacts[i].ID == contact {
			return &u.Contacts[i]
		}
	}
	return nil
}
