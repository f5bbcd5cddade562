package server

import (
	"net/http"

	"tocsin/internal/intake"
	"tocsin/internal/intake/alertmanager"
	"tocsin/internal/intake/amwebhook"
	"tocsin/internal/intake/grafana"
	"tocsin/internal/intake/heartbeat"
	"tocsin/internal/intake/pagerduty"
	"tocsin/internal/intake/webhook"
	"tocsin/internal/notify"
	"tocsin/internal/notify/email"
	"tocsin/internal/notify/httpreq"
	"tocsin/internal/notify/inapp"
	"tocsin/internal/notify/ntfy"
	"tocsin/internal/notify/slack"
	webhookout "tocsin/internal/notify/webhook"
	"tocsin/internal/notify/webpush"
)

// formats are the ways in. One more costs its own folder and a line here.
func formats() []intake.Format {
	return []intake.Format{
		pagerduty.New(),
		alertmanager.New(),
		amwebhook.New(),
		grafana.New(),
		heartbeat.New(),
		webhook.New(),
	}
}

// channels are the ways out. One more costs its own folder and a line here.
func channels(client *http.Client, o Options, push webpush.Config) notify.Registry {
	deps := notify.Deps{HTTP: client, BaseURL: o.ExternalURL, From: o.SMTP.From}
	return notify.Registry{
		"email":   email.New(o.SMTP),
		"webhook": webhookout.New(deps),
		"slack":   slack.New(deps),
		"ntfy":    ntfy.New(deps),
		"webpush": webpush.New(push),
		"http":    httpreq.New(deps),
		"inapp":   inapp.New(),
	}
}

// titles name the channels for people.
var titles = map[string]string{
	"email": "E-mail", "webhook": "Webhook", "slack": "Slack", "ntfy": "ntfy", "webpush": "Push to this browser",
	"http": "HTTP request", "inapp": "Inbox in Tocsin",
}
