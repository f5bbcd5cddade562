package api

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/plan"
)

// Hidden stands where a secret was. A plan that comes back with it keeps the
// secret that is in force. It is a reference that leads nowhere, so that every
// channel takes it for a secret and none takes it for an address.
const Hidden = "env:(secret)"

// settingsShown are a contact's settings without secrets. A reference such as
// env:NAME is not the secret itself and says where it is kept.
func (a *API) settingsShown(channel string, settings map[string]string) map[string]string {
	secret := a.opts.Channels.Secret(channel)
	out := maps.Clone(settings)
	for name, value := range out {
		if value != "" && !isReference(value) && (slices.Contains(secret, name) || slices.Contains(secret, "*")) {
			out[name] = Hidden
		}
	}
	return out
}

func isReference(value string) bool {
	return strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:")
}

// shown is a copy of the plan without secrets, for whoever may read it. The
// hashes of keys stay: they are kept so that a plan can go out and come back.
func (a *API) shown(p *plan.Plan) *plan.Plan {
	if p == nil {
		return nil
	}
	c := *p
	c.Channels = a.contactsShown(p.Channels)
	c.Users = slices.Clone(p.Users)
	for i := range c.Users {
		c.Users[i].Contacts = a.contactsShown(c.Users[i].Contacts)
	}
	c.Checks = slices.Clone(p.Checks)
	for i := range c.Checks {
		c.Checks[i].Settings = checkShown(c.Checks[i].Settings)
	}
	return &c
}

func (a *API) contactsShown(list []plan.Contact) []plan.Contact {
	out := slices.Clone(list)
	for i := range out {
		out[i].Settings = a.settingsShown(out[i].Channel, out[i].Settings)
	}
	return out
}

// checkSecrets are words in the names of check settings that hold secrets.
var checkSecrets = []string{"password", "token", "secret", "authorization"}

func checkShown(settings map[string]string) map[string]string {
	out := maps.Clone(settings)
	for name, value := range out {
		lower := strings.ToLower(name)
		if value != "" && !isReference(value) && slices.ContainsFunc(checkSecrets, func(w string) bool { return strings.Contains(lower, w) }) {
			out[name] = Hidden
		}
	}
	return out
}

// restore puts the secrets that are in force where a plan says Hidden. It
// returns the places for which there is none.
func restore(next, current *plan.Plan) (missing []string) {
	put := func(where string, mine, theirs map[string]string) {
		for _, name := range slices.Sorted(maps.Keys(mine)) {
			if mine[name] != Hidden {
				continue
			}
			if value, ok := theirs[name]; ok {
				mine[name] = value
			} else {
				missing = append(missing, where+"."+name)
			}
		}
	}
	// Another channel would take the secret to another place.
	settings := func(mine, theirs *plan.Contact) map[string]string {
		if theirs == nil || theirs.Channel != mine.Channel {
			return nil
		}
		return theirs.Settings
	}
	for i := range next.Users {
		u := &next.Users[i]
		for j := range u.Contacts {
			c := &u.Contacts[j]
			put("users."+u.ID+".contacts."+c.ID, c.Settings, settings(c, current.UserContact(u.ID, c.ID)))
		}
	}
	for i := range next.Channels {
		c := &next.Channels[i]
		put("channels."+c.ID, c.Settings, settings(c, current.Channel(c.ID)))
	}
	for i := range next.Checks {
		c := &next.Checks[i]
		var theirs map[string]string
		if have := current.Check(c.ID); have != nil && have.Type == c.Type {
			theirs = have.Settings
		}
		put("checks."+c.ID, c.Settings, theirs)
	}
	return missing
}

// messageShown hides the code of a verification: whoever may read lists would
// otherwise prove other people's contacts.
func messageShown(m notification.Message) notification.Message {
	if m.Kind == notification.KindVerify {
		m.Code, m.Title, m.Body = "", "A verification code", ""
	}
	return m
}

// entryShown hides the same in the journal.
func entryShown(e fact.Entry) fact.Entry {
	if e.Kind != (notification.Queue{}).FactKind() || len(e.Body) == 0 {
		return e
	}
	var q notification.Queue
	if err := json.Unmarshal(e.Body, &q); err != nil {
		e.Body = nil // what cannot be read cannot be checked
		return e
	}
	q.Message = messageShown(q.Message)
	body, err := json.Marshal(q)
	if err != nil {
		body = nil
	}
	e.Body = body
	return e
}
