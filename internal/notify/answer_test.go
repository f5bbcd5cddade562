package notify_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tocsin/internal/notify"
	"tocsin/internal/notify/notifytest"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	cases := map[string]struct {
		value, date string
		want        time.Duration
	}{
		"seconds": {"42", "", 42 * time.Second}, "fraction": {"0.5", "", 500 * time.Millisecond}, "zero": {"0", "", 0},
		"negative": {"-1", "", 0}, "word": {"soon", "", 0}, "none": {"", "", 0}, "not a number": {"NaN", "", 0}, "infinite": {"Inf", "", 24 * time.Hour},
		"date": {at(time.Minute), "", time.Minute}, "past": {at(-time.Minute), "", 0}, "far": {at(72 * time.Hour), "", 24 * time.Hour},
		// The peer's clock is an hour ahead: the distance counts, not the time.
		"other clock": {at(time.Hour + time.Minute), at(time.Hour), time.Minute},
	}
	for name, tc := range cases {
		h := http.Header{}
		h.Set("Retry-After", tc.value)
		if tc.date != "" {
			h.Set("Date", tc.date)
		}
		if got := (notify.Answer{Status: 429, Header: h}).RetryAfter(now); got != tc.want {
			t.Errorf("%s: got %v, want %v", name, got, tc.want)
		}
	}
}

func TestClassOfStatus(t *testing.T) {
	t.Parallel()
	for status, permanent := range map[int]bool{
		301: true, 307: true, 400: true, 401: true, 403: true, 404: true, 408: false, 409: true, 410: true, 413: true, 422: true,
		425: false, 429: false, 500: false, 501: false, 502: false, 503: false, 504: false, 599: false,
	} {
		if got := notify.AsFailure(notify.Answer{Status: status}.Failure()).Permanent; got != permanent {
			t.Errorf("%d: permanent is %v", status, got)
		}
	}
}

func TestExchangeNeverTellsTheAddress(t *testing.T) {
	t.Parallel()
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	short := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half an ans"))
	}))
	t.Cleanup(short.Close)
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, base := range map[string]string{"cut": cut.URL, "half an answer": short.URL, "nobody listens": closed.URL, "plain where TLS is asked": strings.Replace(cut.URL, "http:", "https:", 1)} {
		_, err := get(t, notifytest.Client(), base+"/services/s3cret?key=s3cret")
		if err == nil || notify.AsFailure(err).Permanent || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want a temporary failure without the address", name, err)
		}
	}
}

func TestRedactKeepsTheClass(t *testing.T) {
	t.Parallel()
	err := notify.Redact(notify.RetryAfter(time.Minute, errorText("key abcd1234 is busy; ab")), []string{"abcd1234", "ab"})
	if f := notify.AsFailure(err); f.After != time.Minute || err.Error() != "key [redacted] is busy; ab" {
		t.Errorf("got %v after %v", err, f.After)
	}
	if notify.Redact(nil, []string{"x"}) != nil {
		t.Error("nothing became an error")
	}
}

type errorText string

func (e errorText) Error() string { return string(e) }
