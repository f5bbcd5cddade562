package alert

import (
	"fmt"
	"time"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

// MutedBy says what in force mutes an alert, and until when at least. The zero
// reason means nothing does. Maintenance is named before silences, since it
// covers more; the one that ends last is named, since that is the answer to
// "how long will this stay quiet".
func MutedBy(sc plan.Scene, l signal.Labels, service string) (fact.Reason, time.Time) {
	if m := maintenanceOver(sc, service); m != nil {
		return fact.Because("maintenance", fmt.Sprintf("service %s is in maintenance by %s: %s", service, m.CreatedBy, m.Comment)).By("maintenance " + m.ID), m.EndsAt
	}
	if s := silenceOver(sc, l); s != nil {
		return fact.Because("silenced", fmt.Sprintf("silenced by %s: %s", s.CreatedBy, s.Comment)).By("silence " + s.ID), s.EndsAt
	}
	return fact.Reason{}, time.Time{}
}

func maintenanceOver(sc plan.Scene, service string) *plan.Maintenance {
	var last *plan.Maintenance
	for i := range sc.Board.Maintenance {
		m := &sc.Board.Maintenance[i]
		if m.Active(sc.At) && m.Covers(service) && (last == nil || m.EndsAt.After(last.EndsAt)) {
			last = m
		}
	}
	return last
}

func silenceOver(sc plan.Scene, l signal.Labels) *plan.Silence {
	var last *plan.Silence
	for i := range sc.Board.Silences {
		s := &sc.Board.Silences[i]
		if s.Active(sc.At) && (last == nil || s.EndsAt.After(last.EndsAt)) && s.Matches(l) {
			last = s
		}
	}
	return last
}

func (t *gathering) muted(m Member, why fact.Reason, until time.Time) {
	t.say(m.Alert, "Muted until "+until.UTC().Format("2006-01-02 15:04 MST")+", at least", why, Muted{Group: t.stream, Alert: m.Alert, By: why.Rule})
}

// recheck asks again what mutes each member, after the board changed. Alerts
// that are still firing when their silence ends are told then: that the
// silence is over is not news, that the thing still burns is.
func (t *gathering) recheck() {
	if t.g.Setup.NoPage {
		return
	}
	var woken []string
	var over fact.Reason
	var lastMute fact.Reason
	for i := range t.g.Members {
		m := &t.g.Members[i]
		why, until := MutedBy(t.sc, m.Labels, t.g.Setup.Service)
		switch {
		case why.Rule == m.MutedBy:
		case why.Rule == "":
			was := m.MutedBy
			m.MutedBy = ""
			woken = append(woken, m.Alert)
			over = fact.Because("mute-over", was+" no longer mutes it").By(was)
			t.say(m.Alert, "Not muted any more", over, Unmuted{Group: t.stream, Alert: m.Alert})
		default:
			m.MutedBy = why.Rule
			lastMute = why
			t.muted(*m, why, until)
		}
	}
	t.dropHold()
	t.quieten(lastMute)
	for _, alert := range woken {
		// tell may make a page that takes all the others along.
		if i := t.find(alert); !t.g.Members[i].Paged || t.g.Quiet {
			t.tell(i, fact.Because("mute-over", "it still fires and nothing mutes it any more").By(over.Rule))
		}
	}
}

// quieten stops a page all of whose alerts are muted now.
func (t *gathering) quieten(why fact.Reason) {
	if t.g.Page == "" || t.g.Quiet || why.Code == "" {
		return
	}
	for _, m := range t.g.Members {
		if m.Paged && m.MutedBy == "" {
			return
		}
	}
	t.g.Quiet = true
	t.note(t.g.Page, why, Quieted{Page: t.g.Page, By: why.Rule, Why: why})
}

// awaken has the page told again, from the beginning.
func (t *gathering) awaken(why fact.Reason) {
	t.g.Quiet = false
	for i := range t.g.Members {
		if t.g.Members[i].MutedBy == "" {
			t.g.Members[i].Paged = true
		}
	}
	t.note(t.g.Page, why, Awakened{Page: t.g.Page, Why: why})
}
