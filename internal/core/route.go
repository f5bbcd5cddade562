package core

import (
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/incident"
	"tocsin/internal/core/notification"
	"tocsin/internal/core/page"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/watch"
)

// Addressed is an input on its way to a stream.
type Addressed struct {
	Stream fact.Stream
	Body   any
}

// Route says which streams a fact feeds. The way goes downhill, from alert to
// group to page to contact and incident, and back up only with what a human or
// the world answered; so a cascade ends. This file is the whole map.
func Route(p *plan.Plan, body fact.Body) []Addressed {
	switch f := body.(type) {
	case watch.Raised:
		return to(alert.Stream(f.Integration, f.Signal.DedupKey), alert.Received{Integration: f.Integration, Signal: f.Signal})
	case alert.Routed:
		return to(f.Group, alert.Join{Setup: f.Setup, Member: f.Member})
	case alert.Reassessed:
		return each(f.Groups, alert.Reassess{Member: f.Member})
	case alert.AckedAtSource:
		return each(f.Groups, alert.AckSource{By: "alert " + f.Alert})
	case alert.Ended:
		return each(f.Groups, alert.Leave{Alert: f.Alert})
	}
	if way := routeGroup(body); way != nil {
		return way
	}
	if way := routePage(body); way != nil {
		return way
	}
	if way := routeNotification(body); way != nil {
		return way
	}
	return routeIncident(body)
}

// routeGroup: what a group decides moves its page.
func routeGroup(body fact.Body) []Addressed {
	switch f := body.(type) {
	case alert.PageWanted:
		way := to(page.Stream(f.Page), page.Open{Ask: f.Ask})
		if f.Ask.Declare > 0 {
			way = append(way, Addressed{incident.Desk, incident.Declare{Title: f.Ask.Title, Severity: incident.Severity(f.Ask.Declare),
				Service: f.Ask.Service, Page: f.Page, Drill: f.Ask.Drill}})
		}
		return way
	case alert.Joined:
		return to(page.Stream(f.Page), page.Grew{Joined: f})
	case alert.Left:
		return to(page.Stream(f.Page), page.Shrank{Left: f})
	case alert.Worsened:
		return to(page.Stream(f.Page), page.Worse{Worsened: f})
	case alert.Cleared:
		return to(page.Stream(f.Page), page.Clear{})
	case alert.Quieted:
		return to(page.Stream(f.Page), page.Quiet{By: f.By, Why: f.Why})
	case alert.Awakened:
		return to(page.Stream(f.Page), page.Wake{Why: f.Why})
	case alert.PageAcked:
		return to(page.Stream(f.Page), page.Acknowledge{})
	case alert.Emptied:
		return each(f.Alerts, alert.Close{Why: fact.Because("page-resolved", "its page was resolved by hand")})
	}
	return nil
}

// routePage: what a page decides moves contacts, and its group when a human
// ended it.
func routePage(body fact.Body) []Addressed {
	switch f := body.(type) {
	case page.Told:
		return to(f.To.Stream(), notification.Tell{To: f.To, Message: f.Message})
	case page.Withdrawn:
		var way []Addressed
		for _, ref := range f.From {
			way = append(way, Addressed{ref.Stream(), notification.Withdraw{Page: f.Page}})
		}
		return way
	case page.Closed:
		if f.ByHand && f.Group != "" {
			return to(fact.Stream(f.Group), alert.PageClosed{Page: f.Page})
		}
	}
	return nil
}

// routeNotification: what became of a message moves its page.
func routeNotification(body fact.Body) []Addressed {
	deliver := func(l notification.Life, outcome string, d page.Delivery) []Addressed {
		if l.Page == "" {
			return nil
		}
		d.Notification, d.Outcome = l.Notification, outcome
		return to(page.Stream(l.Page), d)
	}
	switch f := body.(type) {
	case notification.Arrived:
		return deliver(f.Life, f.Status, page.Delivery{})
	case notification.Failing:
		return deliver(f.Life, notification.OutcomeFailing, page.Delivery{First: f.First})
	case notification.GaveUp:
		return deliver(f.Life, notification.OutcomeFailed, page.Delivery{})
	case notification.Withdrew:
		return deliver(f.Life, notification.OutcomeWithdrawn, page.Delivery{})
	case notification.Asked:
		return to(f.To.Stream(), notification.Tell{To: f.To, Message: f.Message})
	}
	return nil
}

// routeIncident: the desk opens incidents, incidents summon people.
func routeIncident(body fact.Body) []Addressed {
	switch f := body.(type) {
	case incident.Numbered:
		return to(incident.Stream(f.Incident), incident.Open{Declare: f.Declare, By: f.By})
	case incident.PageLinked:
		return to(page.Stream(f.Page), page.Attach{Incident: f.Incident})
	case incident.Summoned:
		return to(page.Stream(f.Page), page.Summon{Incident: f.Incident, Title: f.Title, Service: f.Service, Targets: f.Targets, Urgency: plan.High, Drill: f.Drill})
	case incident.MergedAway:
		return to(incident.Stream(f.Into), incident.TakeOver{Other: f.Incident, Pages: f.Pages, Responders: f.Responders})
	case incident.Released:
		var way []Addressed
		for _, id := range f.Pages {
			way = append(way, Addressed{page.Stream(id), page.Finish{Incident: f.Incident}})
		}
		return way
	}
	return nil
}

func to(stream fact.Stream, body any) []Addressed { return []Addressed{{stream, body}} }

func each(streams []fact.Stream, body any) []Addressed {
	out := make([]Addressed, len(streams))
	for i, s := range streams {
		out[i] = Addressed{s, body}
	}
	return out
}
