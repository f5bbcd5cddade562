package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"tocsin/internal/core/notification"
)

var (
	notificationInsert = &bulk{types: "tttttttntttttnnn",
		into: `INSERT INTO notification (id, person, contact, kind, page, incident, outcome, attempts, error, detail, provider_id, folded_into,` +
			` message, created_at, updated_at, again_at)`,
		after: `ON CONFLICT (id) DO NOTHING`}
	// Empty fields stay as they are, except the time of the next attempt.
	notificationChange = &bulk{types: "tnttttnnt", key: 8,
		each: `UPDATE notification SET outcome = COALESCE(NULLIF($1, ''), outcome), attempts = COALESCE(NULLIF($2, 0), attempts),` +
			` error = COALESCE(NULLIF($3, ''), error), detail = COALESCE(NULLIF($4, ''), detail), provider_id = COALESCE(NULLIF($5, ''), provider_id),` +
			` folded_into = COALESCE(NULLIF($6, ''), folded_into), updated_at = $7, again_at = $8 WHERE id = $9`,
		over: `UPDATE notification SET outcome = COALESCE(NULLIF(c1, ''), outcome), attempts = COALESCE(NULLIF(c2, 0), attempts),` +
			` error = COALESCE(NULLIF(c3, ''), error), detail = COALESCE(NULLIF(c4, ''), detail), provider_id = COALESCE(NULLIF(c5, ''), provider_id),` +
			` folded_into = COALESCE(NULLIF(c6, ''), folded_into), updated_at = c7, again_at = c8 FROM`,
		where: `WHERE notification.id = c9`}
)

// notifications inserts new messages and changes old ones. Changes are put
// together first: a message has one row in a batch, whatever happens to it.
func (p *pen) notifications() error {
	var fresh, changed drafts
	rows := make(map[string]*notification.Row, len(p.b.Notifications))
	for i := range p.b.Notifications {
		r := p.b.Notifications[i]
		rows[r.ID] = &r
	}
	merged := map[string]*notification.Change{}
	var order []string
	for _, c := range p.b.Changes {
		if r := rows[c.ID]; r != nil {
			amend(r, c)
			continue
		}
		if old := merged[c.ID]; old != nil {
			mergeChange(old, c)
			continue
		}
		merged[c.ID] = &c
		order = append(order, c.ID)
	}
	for i := range p.b.Notifications {
		r := rows[p.b.Notifications[i].ID]
		message, err := json.Marshal(r.Message)
		if err != nil {
			return fmt.Errorf("write notification %s: %w", r.ID, err)
		}
		fresh.put(r.ID, []any{r.ID, r.To.User, r.To.Contact, string(r.Kind), r.Page, r.Incident, r.Outcome, int64(r.Attempts), r.Error, r.Detail,
			r.ProviderID, r.Into, string(message), micros(r.CreatedAt), micros(r.UpdatedAt), micros(r.Again)})
	}
	for _, id := range order {
		c := merged[id]
		changed.put(id, []any{c.Outcome, int64(c.Attempts), c.Error, c.Detail, c.ProviderID, c.Into, micros(c.UpdatedAt), micros(c.Again), c.ID})
	}
	if _, err := p.many(notificationInsert, fresh.rows); err != nil {
		return err
	}
	_, err := p.many(notificationChange, changed.rows)
	return err
}

func mergeChange(old *notification.Change, c notification.Change) {
	old.Outcome = cmp.Or(c.Outcome, old.Outcome)
	old.Attempts = cmp.Or(c.Attempts, old.Attempts)
	old.Error = cmp.Or(c.Error, old.Error)
	old.Detail = cmp.Or(c.Detail, old.Detail)
	old.ProviderID = cmp.Or(c.ProviderID, old.ProviderID)
	old.Into = cmp.Or(c.Into, old.Into)
	old.Again, old.UpdatedAt = c.Again, c.UpdatedAt
}

func amend(r *notification.Row, c notification.Change) {
	r.Outcome = cmp.Or(c.Outcome, r.Outcome)
	r.Attempts = cmp.Or(c.Attempts, r.Attempts)
	r.Error = cmp.Or(c.Error, r.Error)
	r.Detail = cmp.Or(c.Detail, r.Detail)
	r.ProviderID = cmp.Or(c.ProviderID, r.ProviderID)
	r.Into = cmp.Or(c.Into, r.Into)
	r.Again, r.UpdatedAt = c.Again, c.UpdatedAt
}

// Notifications lists messages, newest first.
func (s *Store) Notifications(ctx context.Context, f notification.RowFilter) ([]notification.Row, error) {
	w := &where{}
	if f.Page != "" {
		w.when(`page <> ''`)
		w.add(`page = `, f.Page)
	}
	if f.User != "" {
		w.add(`person = `, f.User)
	}
	if f.Outcome != "" {
		w.add(`outcome = `, f.Outcome)
	}
	if !f.Since.IsZero() {
		w.add(`created_at >= `, micros(f.Since))
	}
	if !f.Until.IsZero() {
		w.add(`created_at < `, micros(f.Until))
	}
	if f.Before != "" {
		w.add(`id < `, f.Before)
	}
	return list(ctx, s, scanNotification, ask("list notifications", notificationColumns+w.text()+` ORDER BY id DESC LIMIT `+w.arg(bound(f.Limit)), w.args...))
}

// Notification reads one message; nil if there is none.
func (s *Store) Notification(ctx context.Context, id string) (*notification.Row, error) {
	return one(ctx, s, scanNotification, ask("read a notification", notificationColumns+` WHERE id = $1`, id))
}

const notificationColumns = `SELECT id, person, contact, kind, page, incident, outcome, attempts, error, detail, provider_id, folded_into,` +
	` message, created_at, updated_at, again_at FROM notification`

func scanNotification(rows *sql.Rows) (r notification.Row, err error) {
	var created, updated, again int64
	var message []byte
	err = rows.Scan(&r.ID, &r.To.User, &r.To.Contact, &r.Kind, &r.Page, &r.Incident, &r.Outcome, &r.Attempts, &r.Error, &r.Detail, &r.ProviderID, &r.Into,
		&message, &created, &updated, &again)
	if err != nil {
		return r, err
	}
	r.CreatedAt, r.UpdatedAt, r.Again = fromMicros(created), fromMicros(updated), fromMicros(again)
	return r, json.Unmarshal(message, &r.Message)
}
