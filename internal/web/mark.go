package web

import (
	"tocsin/internal/core/alert"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
)

// Mark is a state: a shape, a word and a colour, each enough by itself.
type Mark struct{ Shape, Word, Tone string }

var (
	markFiring   = Mark{"firing", "Firing", "red"}
	markAcked    = Mark{"acked", "Acknowledged", "amber"}
	markResolved = Mark{"resolved", "Resolved", "green"}
	markMuted    = Mark{"muted", "Muted", "grey"}
	markUnknown  = Mark{"unknown", "Unknown", "grey"}
)

func (m Mark) as(word string) Mark { m.Word = word; return m }

func markAlert(a *alert.State, mutedBy string) Mark {
	switch {
	case a.Status == alert.Resolved:
		return markResolved
	case mutedBy != "":
		return markMuted
	case a.AckedBy != "":
		return markAcked
	}
	return markFiring
}

func markPage(p *page.State) Mark {
	switch {
	case p.Status == page.Resolved:
		return markResolved
	case p.Status == page.Acknowledged:
		return markAcked
	case p.Status == page.Muted:
		return markMuted
	case p.Unanswered:
		return markFiring.as("Unanswered")
	}
	return markFiring.as("Waiting")
}

func markIncident(i *incident.State) Mark {
	switch i.Status {
	case incident.Declared:
		return markFiring.as("Declared")
	case incident.Mitigating:
		return markFiring.as("Mitigating")
	case incident.Mitigated:
		return markAcked.as("Mitigated")
	case incident.Resolved:
		return markResolved
	case incident.Merged:
		return markMuted.as("Merged")
	}
	return markUnknown
}

// markDelivery is what became of a message.
func markDelivery(outcome string) Mark {
	switch outcome {
	case notification.OutcomeDelivered:
		return Mark{"check", "Delivered", "green"}
	case notification.OutcomeAccepted:
		return Mark{"check", "Accepted", "green"}
	case notification.OutcomeFailing:
		return Mark{"warn", "Failing, tried again", "amber"}
	case notification.OutcomeFailed:
		return Mark{"cross", "Failed", "red"}
	case notification.OutcomeWithdrawn:
		return Mark{"muted", "Withdrawn", "grey"}
	case notification.OutcomeHeld:
		return Mark{"clock", "Held back", "amber"}
	case notification.OutcomeFolded:
		return Mark{"group", "Folded", "grey"}
	}
	return Mark{"clock", "On its way", "grey"}
}
