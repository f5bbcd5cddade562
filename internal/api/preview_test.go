package api_test

import (
	"net/http"
	"strings"
	"testing"

	"tocsin/internal/api"
	"tocsin/internal/auth"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/signal"
	"tocsin/internal/intake/webhook"
)

// realMapper is the generic webhook itself.
type realMapper struct{}

func (realMapper) Preview(mapping map[string]string, headers http.Header, body []byte) ([]signal.Signal, []api.MappingError) {
	signals, errs := webhook.Preview(mapping, headers, body)
	var out []api.MappingError
	for _, e := range errs {
		out = append(out, api.MappingError(e))
	}
	return signals, out
}

func withMapper(o *api.Options) { o.Mapper = realMapper{} }

func TestPreviewSaysWhatARequestWouldBecomeAndSendsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMapper)
	for name, x := range map[string]struct {
		body string
		want []string // what the answer holds
	}{
		"a mapping": {`{"mapping":{"dedup_key":"'job/' + event.name","summary":"event.name + ' failed'","labels":"{'env': headers['x-env']}"},"headers":{"X-Env":"prod"},"body":{"name":"nightly","severity":"critical"}}`,
			[]string{`"dedup_key":"job/nightly"`, `"summary":"nightly failed"`, `"action":"trigger"`, `"env":"prod"`, `"severity":"critical"`, `"errors":[]`}},
		"a list":                {`{"mapping":{"each":"body.jobs","dedup_key":"event.id"},"body":{"jobs":[{"id":"a"},{"id":"b"}]}}`, []string{`"dedup_key":"a"`, `"dedup_key":"b"`}},
		"a body that is a text": {`{"headers":{"Content-Type":"text/plain"},"body":"the lift is stuck"}`, []string{`"summary":"the lift is stuck"`}},
		"a large number":        {`{"mapping":{"dedup_key":"string(event.id)"},"body":{"id":9007199254740993}}`, []string{`"dedup_key":"9007199254740993"`}},
		"a mistake":             {`{"mapping":{"summary":"event.name +"},"body":{}}`, []string{`"signals":[]`, `"field":"summary"`, "line 1, column "}},
		"one bad event":         {`{"mapping":{"each":"body","action":"event.a"},"body":[{"a":"trigger"},{"a":"explode"}]}`, []string{`"action":"trigger"`, `"field":"events[1].action"`}},
		"no JSON":               {`{"body":"{"}`, []string{`"signals":[]`, `"why":`}},
	} {
		got := r.as(auth.Viewer, "POST", "/integrations/preview", x.body).want(200)
		for _, want := range x.want {
			if !strings.Contains(string(got.body), want) {
				t.Errorf("%s: the answer lacks %s: %s", name, want, got.body)
			}
		}
	}
	if n := len(r.world.Sent()); n != 0 {
		t.Errorf("%d messages were sent", n)
	}
	r.as(auth.Viewer, "POST", "/integrations/preview", `{"integration":"zzz","body":{}}`).want(400)
	r.as(auth.Viewer, "POST", "/integrations/preview", `{"mapping":{}}`).want(400)
}

func TestPreviewTakesTheMappingOfAnIntegration(t *testing.T) {
	t.Parallel()
	r := newRig(t, withMapper)
	r.as(auth.Admin, "POST", "/integrations", `{"id":"ci","type":"`+formats{}.Formats()[0].Name+`","mapping":{"summary":"'build ' + event.branch"}}`).want(201)
	var in *plan.Integration
	if in = r.world.Plan().Integration("ci"); in == nil || in.Mapping["summary"] == "" {
		t.Fatalf("the plan holds %+v", in)
	}
	got := r.as(auth.Viewer, "POST", "/integrations/preview", `{"integration":"ci","body":{"branch":"main"}}`).want(200)
	if !strings.Contains(string(got.body), `"summary":"build main"`) {
		t.Errorf("answered %s", got.body)
	}
}

func TestPreviewWithoutAWebhook(t *testing.T) {
	t.Parallel()
	newRig(t).as(auth.Viewer, "POST", "/integrations/preview", `{"body":{}}`).want(404)
}
