package store

import (
	"context"
	"database/sql"

	"tocsin/internal/core/ledger"
)

// SaveSubscription adds a browser that takes Web Push, or changes whose it is.
func (s *Store) SaveSubscription(ctx context.Context, x ledger.Subscription) error {
	return s.do(ctx, "save a push subscription",
		`INSERT INTO push_subscription (endpoint, person, p256dh, auth, user_agent, created_at) VALUES ($1, $2, $3, $4, $5, $6)`+
			` ON CONFLICT (endpoint) DO UPDATE SET person = excluded.person, p256dh = excluded.p256dh, auth = excluded.auth,`+
			` user_agent = excluded.user_agent, created_at = excluded.created_at`,
		x.Endpoint, x.Person, x.P256dh, x.Auth, x.UserAgent, micros(x.Created))
}

// Subscriptions lists a person's browsers, oldest first.
func (s *Store) Subscriptions(ctx context.Context, person string) ([]ledger.Subscription, error) {
	return list(ctx, s, func(rows *sql.Rows) (x ledger.Subscription, err error) {
		var created int64
		err = rows.Scan(&x.Endpoint, &x.Person, &x.P256dh, &x.Auth, &x.UserAgent, &created)
		x.Created = fromMicros(created)
		return x, err
	}, ask("list push subscriptions", `SELECT endpoint, person, p256dh, auth, user_agent, created_at FROM push_subscription WHERE person = $1 ORDER BY created_at, endpoint LIMIT $2`, person, int64(maxLimit)))
}

// DeleteSubscription forgets a browser.
func (s *Store) DeleteSubscription(ctx context.Context, endpoint string) error {
	return s.do(ctx, "delete a push subscription", `DELETE FROM push_subscription WHERE endpoint = $1`, endpoint)
}

// Setting reads a value that the server keeps for itself; ok is false if it was
// never set.
func (s *Store) Setting(ctx context.Context, name string) (value string, ok bool, err error) {
	v, err := one(ctx, s, scanText, ask("read setting "+name, `SELECT value FROM setting WHERE name = $1`, name))
	if err != nil || v == nil {
		return "", false, err
	}
	return *v, true, nil
}

// SaveSetting sets a value.
func (s *Store) SaveSetting(ctx context.Context, name, value string) error {
	return s.do(ctx, "save setting "+name, `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// SettingOrSet reads a value, and makes it if it was never set. Nodes that
// start together end up with the same one.
func (s *Store) SettingOrSet(ctx context.Context, name string, invent func() (string, error)) (string, error) {
	if v, ok, err := s.Setting(ctx, name); err != nil || ok {
		return v, err
	}
	fresh, err := invent()
	if err != nil {
		return "", err
	}
	if err := s.do(ctx, "save setting "+name, `INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, fresh); err != nil {
		return "", err
	}
	v, _, err := s.Setting(ctx, name)
	return v, err
}

func scanText(rows *sql.Rows) (v string, err error) { return v, rows.Scan(&v) }

var activityAdd = &bulk{types: "tnnnnt",
	into: `INSERT INTO integration_activity (integration, last_at, accepted, rejected, rejected_at, last_error)`,
	after: `ON CONFLICT (integration) DO UPDATE SET` +
		` last_at = CASE WHEN excluded.last_at > integration_activity.last_at THEN excluded.last_at ELSE integration_activity.last_at END,` +
		` accepted = integration_activity.accepted + excluded.accepted, rejected = integration_activity.rejected + excluded.rejected,` +
		` rejected_at = CASE WHEN excluded.rejected_at > integration_activity.rejected_at THEN excluded.rejected_at ELSE integration_activity.rejected_at END,` +
		` last_error = CASE WHEN excluded.last_error <> '' THEN excluded.last_error ELSE integration_activity.last_error END`}

// AddActivity adds what integrations received since the last time.
func (s *Store) AddActivity(ctx context.Context, all []ledger.Activity) error {
	sum := map[string]*ledger.Activity{}
	var order []string
	for _, a := range all {
		old := sum[a.Integration]
		if old == nil {
			sum[a.Integration] = &a
			order = append(order, a.Integration)
			continue
		}
		old.Accepted += a.Accepted
		old.Rejected += a.Rejected
		if a.LastAt.After(old.LastAt) {
			old.LastAt = a.LastAt
		}
		if a.LastError != "" {
			old.LastError, old.RejectedAt = a.LastError, a.RejectedAt
		}
	}
	return s.tx(ctx, "add up what integrations received", func(t txn) error {
		p := &pen{s: s, ctx: ctx, t: t}
		rows := make([][]any, len(order))
		for i, id := range order {
			a := sum[id]
			rows[i] = []any{a.Integration, micros(a.LastAt), a.Accepted, a.Rejected, micros(a.RejectedAt), a.LastError}
		}
		_, err := p.many(activityAdd, rows)
		return err
	})
}

// Activity is what each integration received, by its id.
func (s *Store) Activity(ctx context.Context) (map[string]ledger.Activity, error) {
	all, err := list(ctx, s, func(rows *sql.Rows) (a ledger.Activity, err error) {
		var last, rejected int64
		err = rows.Scan(&a.Integration, &last, &a.Accepted, &a.Rejected, &rejected, &a.LastError)
		a.LastAt, a.RejectedAt = fromMicros(last), fromMicros(rejected)
		return a, err
	}, ask("read what integrations received", `SELECT integration, last_at, accepted, rejected, rejected_at, last_error FROM integration_activity ORDER BY integration LIMIT $1`, int64(maxAccounts)))
	if err != nil {
		return nil, err
	}
	out := make(map[string]ledger.Activity, len(all))
	for _, a := range all {
		out[a.Integration] = a
	}
	return out, nil
}
