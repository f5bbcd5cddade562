package web

import (
	"tocsin/internal/core/alert"
	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
)

func (e *eye) scene() plan.Scene {
	return plan.Scene{Plan: e.plan, Board: e.board, At: e.now, Actor: fact.System}
}

// routeLabels are an alert's labels as matchers see them.
func routeLabels(a *alert.State) signal.Labels {
	o := alert.Origin{Labels: a.Labels, Service: a.Service, Integration: a.Integration, Source: a.Source}
	return o.RouteLabels(a.Severity)
}

// mutedBy names what mutes a firing alert now: "silence s01", or nothing.
func (e *eye) mutedBy(a *alert.State) string {
	if a.Status != alert.Firing {
		return ""
	}
	why, _ := alert.MutedBy(e.scene(), routeLabels(a), a.Service)
	return why.Rule
}
