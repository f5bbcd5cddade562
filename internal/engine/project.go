package engine

import (
	"tocsin/internal/core"
	"tocsin/internal/core/notification"
)

// project keeps the list of messages up to date with the facts about them.
func (u *unit) project(s core.Said) {
	switch f := s.Fact.Body.(type) {
	case notification.Queue:
		u.batch.Notifications = append(u.batch.Notifications, notification.Row{
			ID: f.Notification, To: f.To, Kind: f.Message.Kind, Page: f.Message.Page, Incident: f.Message.Incident,
			Outcome: notification.OutcomeQueued, Message: f.Message, CreatedAt: u.at, UpdatedAt: u.at})
	case notification.Arrived:
		u.change(f.Life, f.Status, notification.Change{Detail: f.Detail, ProviderID: f.ProviderID})
	case notification.Failing:
		u.change(f.Life, notification.OutcomeFailing, notification.Change{Error: f.Error, Again: f.Again})
	case notification.GaveUp:
		u.change(f.Life, notification.OutcomeFailed, notification.Change{Error: f.Error})
	case notification.HeldBack:
		u.change(f.Life, notification.OutcomeHeld, notification.Change{})
	case notification.Folded:
		u.change(f.Life, notification.OutcomeFolded, notification.Change{Into: f.Into})
	case notification.Withdrew:
		u.change(f.Life, notification.OutcomeWithdrawn, notification.Change{})
	}
}

func (u *unit) change(l notification.Life, outcome string, c notification.Change) {
	c.ID, c.Outcome, c.Attempts, c.UpdatedAt = l.Notification, outcome, l.Attempt, u.at
	u.batch.Changes = append(u.batch.Changes, c)
}
