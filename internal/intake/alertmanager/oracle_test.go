package alertmanager_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tocsin/internal/intake/alertmanager"
	"tocsin/internal/intake/intaketest"
)

// TestSameAnswersAsAlertmanager asks a real Alertmanager, where one is
// installed, and us the same things. Statuses must agree, and bodies too where
// the wording is part of the schema and not of Go's JSON decoder.
func TestSameAnswersAsAlertmanager(t *testing.T) {
	t.Parallel()
	theirs := intaketest.Alertmanager(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")
	ours := httptest.NewServer(intaketest.Mux(alertmanager.New(), door()))
	t.Cleanup(ours.Close)
	const asJSON = "application/json"
	for _, c := range []struct {
		method, path, media, body string
		sameBody                  bool
	}{
		{"POST", "/api/v2/alerts", asJSON, `[]`, true},
		{"POST", "/api/v2/alerts", asJSON, `null`, true},
		{"POST", "/api/v2/alerts", asJSON, ``, true},
		{"POST", "/api/v2/alerts/", asJSON, `[]`, true},
		{"POST", "/api/v2/alerts", "text/plain", `[]`, true},
		{"POST", "/api/v2/alerts", "", `[]`, true},
		{"PUT", "/api/v2/alerts", asJSON, `[]`, false}, // the order in Allow is a map's
		{"POST", "/api/v2/alerts", asJSON, `[{}]`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":null}]`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"generatorURL":"no uri"},{}]`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"generatorURL":""}]`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"startsAt":"","x":1}] tail`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"endsAt":"0001-01-01T00:00:00Z"}]`, true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"endsAt":"2020-01-01T00:00:00Z"}]`, true},
		{"POST", "/api/v2/alerts", asJSON, "[{\"labels\":{\"a\":\"\xff\xfe\"}}]", true},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{}}]`, false},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"}},{"labels":{"a":""}}]`, false},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"startsAt":"2026-01-02T00:00:00Z","endsAt":"2026-01-01T00:00:00Z"}]`, false},
		{"POST", "/api/v2/alerts", asJSON, `{}`, false},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"}`, false},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":5}}]`, false},
		{"POST", "/api/v2/alerts", asJSON, `[{"labels":{"a":"b"},"startsAt":"nope"}]`, false},
		{"POST", "/api/v2/alerts", asJSON, `[5]`, false},
	} {
		theirStatus, theirBody := ask(t, theirs, c.method, c.path, c.media, c.body)
		status, body := ask(t, ours.URL, c.method, c.path, c.media, c.body)
		if status != theirStatus {
			t.Errorf("%s %s %s: we answer %d, Alertmanager %d", c.method, c.path, c.body, status, theirStatus)
		}
		if c.sameBody && body != theirBody {
			t.Errorf("%s %s %s: we answer %s, Alertmanager %s", c.method, c.path, c.body, body, theirBody)
		}
		if !c.sameBody && body[:1] != theirBody[:1] {
			t.Errorf("%s: our body has the shape of %s, Alertmanager's of %s", c.body, body, theirBody)
		}
	}
}

func ask(t *testing.T, base, method, path, media, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s %s %s: %v", method, path, body, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSuffix(string(b), "\n")
}
