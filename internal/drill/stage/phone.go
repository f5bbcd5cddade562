package stage

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
)

// Phone is one person's telephone as the page draws it.
type Phone struct {
	ID, Name, Initials string
	Clock, Day, Place  string
	// Duty says where the person is on call now; empty: nowhere.
	Duty    string
	Ringing bool
	Note    *note
	Notices []Notice
}

// Notice is one message on a telephone.
type Notice struct {
	ID, Word, Tone, Shape string
	Title, Why, Clock     string
	Body                  []string
	// CanAnswer: the page waits for somebody. State says how it stands
	// otherwise.
	CanAnswer bool
	State     string
	Link      string
}

// note is what the link said when a telephone last pressed a button.
type note struct {
	Bad  bool
	Text string
	At   time.Time
}

const (
	shownNotices = 4
	noteLife     = 20 * time.Second
)

func (s *Stage) phones(sc *scene) []Phone {
	out := make([]Phone, 0, len(sc.Phones))
	for _, seen := range sc.Phones {
		zone := zoneOf(seen.User)
		local := sc.At.In(zone)
		p := Phone{ID: seen.User.ID, Name: short(seen.User), Initials: strings.ToUpper(short(seen.User)[:1]), Clock: local.Format("15:04"), Day: local.Format("Mon 2 Jan"),
			Place: place(seen.User.Zone), Duty: duty(sc, seen.User.ID), Note: s.noteOf(seen.User.ID, sc.At)}
		asked := map[string]bool{}
		for _, r := range seen.Rows[:min(len(seen.Rows), shownNotices)] {
			n := s.notice(r, seen.Pages[r.Page], zone)
			if n.CanAnswer && asked[r.Page] { // the newer message has the buttons
				n.CanAnswer, n.State, n.Tone = false, "told again since", "grey"
			}
			asked[r.Page] = asked[r.Page] || n.CanAnswer
			p.Ringing = p.Ringing || n.CanAnswer
			p.Notices = append(p.Notices, n)
		}
		out = append(out, p)
	}
	return out
}

func zoneOf(u *plan.User) *time.Location {
	if zone, err := time.LoadLocation(u.Zone); err == nil {
		return zone
	}
	return time.UTC
}

// place is the city in a zone's name.
func place(zone string) string {
	_, city, ok := strings.Cut(zone, "/")
	if !ok {
		return zone
	}
	return strings.ReplaceAll(city, "_", " ")
}

func duty(sc *scene, user string) string {
	var names []string
	for i := range sc.Plan.Schedules {
		sched := &sc.Plan.Schedules[i]
		for _, d := range sched.On(sc.Board.Overrides, sc.At) {
			if d.User == user && !slices.Contains(names, sched.Name) {
				names = append(names, sched.Name)
			}
		}
	}
	return strings.Join(names, ", ")
}

// words name the kinds of message.
var words = map[notification.Kind]struct{ word, tone, shape string }{
	notification.KindPage:     {"Page", "red", "firing"},
	notification.KindResolved: {"Over", "green", "resolved"},
	notification.KindAcked:    {"Taken", "amber", "acked"},
	notification.KindIncident: {"Incident", "amber", "incident"},
	notification.KindVerify:   {"Code", "grey", "clock"},
	notification.KindTest:     {"Test", "grey", "clock"},
	notification.KindWarning:  {"Tocsin itself", "amber", "incident"},
}

func (s *Stage) notice(r notification.Row, p *page.State, zone *time.Location) Notice {
	w, ok := words[r.Kind]
	if !ok {
		w.word, w.tone, w.shape = string(r.Kind), "grey", "clock"
	}
	n := Notice{ID: r.ID, Word: w.word, Tone: w.tone, Shape: w.shape, Title: r.Message.Title, Why: friendly(r.Message.Why), Clock: r.CreatedAt.In(zone).Format("15:04:05")}
	if r.Kind == notification.KindResolved {
		n.Why = "told, since you were woken by it"
	}
	if r.Message.Page != "" {
		n.Link = s.opt.Link(r.To, r.Message)
	}
	if r.Kind != notification.KindPage || p == nil {
		return n
	}
	switch p.Status {
	case page.Triggered:
		n.CanAnswer = true
	case page.Acknowledged:
		n.State, n.Tone, n.Shape = fmt.Sprintf("%s has it", friendly(p.AckedBy)), "amber", "acked"
	case page.Resolved:
		n.State, n.Tone, n.Shape = "over", "green", "resolved"
	case page.Muted:
		n.State, n.Tone, n.Shape = "muted", "grey", "muted"
	}
	return n
}

// friendly leaves out what the page says of each of its people already.
func friendly(text string) string { return strings.ReplaceAll(text, " (sample)", "") }
