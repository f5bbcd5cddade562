package server

import (
	"net/http"

	"tocsin/internal/api"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/webhook"
	"tocsin/internal/web"
)

// webMapper previews the generic webhook's mappings for the pages.
type webMapper struct{}

func (webMapper) Check(mapping map[string]string) []web.Wrong { return wrongs(webhook.Check(mapping)) }

func (webMapper) Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []web.Wrong) {
	signals, errs := webhook.Preview(mapping, headers, body)
	return signals, wrongs(errs)
}

func wrongs(errs []intake.FieldError) []web.Wrong {
	var out []web.Wrong
	for _, e := range errs {
		out = append(out, web.Wrong{Field: e.Field, Text: e.Why})
	}
	return out
}

// apiMapper does the same for programs.
type apiMapper struct{}

func (apiMapper) Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []api.MappingError) {
	signals, errs := webhook.Preview(mapping, headers, body)
	var out []api.MappingError
	for _, e := range errs {
		out = append(out, api.MappingError{Field: e.Field, Why: e.Why})
	}
	return signals, out
}
