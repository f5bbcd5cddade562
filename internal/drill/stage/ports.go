package stage

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"tocsin/internal/core"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/drill/mailtrap"
	"tocsin/internal/drill/shop"
)

// Ledger answers what is written down; lists are newest first.
type Ledger interface {
	Pages(ctx context.Context, f page.Filter) ([]*page.State, error)
	Page(ctx context.Context, id string) (*page.State, error)
	Incident(ctx context.Context, id string) (*incident.State, error)
	Notifications(ctx context.Context, f notification.RowFilter) ([]notification.Row, error)
	State(ctx context.Context, stream fact.Stream) (core.State, error)
	// Timeline is the entries of any of the subjects after a position, oldest
	// first; LastPos is the position of the newest entry of all.
	Timeline(ctx context.Context, subjects []string, after int64, limit int) ([]fact.Entry, error)
	LastPos(ctx context.Context) (int64, error)
}

// Engine is what is in force, the clock, and the news that something was
// committed.
type Engine interface {
	Plan() *plan.Plan
	Board() *plan.Board
	Now() time.Time
	Changes(ctx context.Context) <-chan struct{}
}

// Shop is the patient.
type Shop interface {
	URL() string
	Mode() shop.Mode
	Modes() []shop.Mode
	Break(m shop.Mode) error
	Heal() error
}

// Mail is what the mail trap holds, newest first.
type Mail interface{ Mails() []mailtrap.Mail }

// Look is one result of a check.
type Look struct {
	At     time.Time
	OK     bool
	Reason string
	Took   time.Duration
}

// Looks remembers the latest results of each check, oldest first.
type Looks interface{ Recent(check string) []Look }

// Keys are the keys of the sample plan's integrations, for whoever wants to
// send something of their own.
type Keys struct{ Alertmanager, PagerDuty string }

// Options are what a stage stands on. All but Log are needed.
type Options struct {
	Ledger Ledger
	Engine Engine
	Shop   Shop
	Mail   Mail
	Looks  Looks
	// Link is the signed address that a message carries.
	Link func(to notification.Ref, m notification.Message) string
	// Enter opens a session of the sample admin and returns its cookies.
	Enter func(ctx context.Context) ([]*http.Cookie, error)
	// BaseURL is this Tocsin's; Stylesheet the path of its pages' style.
	BaseURL, Stylesheet string
	Keys                Keys
	Log                 *slog.Logger
}
