package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds how much of an answer is read; more is never of use.
const maxAnswer = 64 << 10

// maxWait bounds what a peer may ask for. A page that waits longer than this is
// lost in all but name.
const maxWait = 24 * time.Hour

// Answer is what the other side said over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Exchange sends one request and reads the answer. Its errors never hold the
// URL, which is a secret for many services (Slack's incoming webhooks).
func Exchange(client *http.Client, req *http.Request) (Answer, error) {
	if client == nil {
		return Answer{}, Permanent(errors.New("this channel was built without an HTTP client"))
	}
	req.Header.Set("User-Agent", "Tocsin")
	resp, err := client.Do(req) //nolint:gosec // the client is guarded at dial time
	if err != nil {
		return Answer{}, transport(req.Context(), err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil && resp.StatusCode < 300 {
		// The status line says yes, but the peer broke off: nobody knows whether
		// it holds the message, so it is sent again.
		return Answer{}, transport(req.Context(), fmt.Errorf("answer broken off: %w", err))
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// transport turns a client's error into ours: without the URL, permanent only
// where the address itself is forbidden.
func transport(ctx context.Context, err error) error {
	for u := (*url.Error)(nil); errors.As(err, &u); {
		err = u.Err
	}
	if errors.Is(err, ErrForbidden) {
		return Permanent(err)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("no answer in time: %w", context.Cause(ctx))
	}
	return fmt.Errorf("not reached: %w", err)
}

// OK says that the other side took it.
func (a Answer) OK() bool { return a.Status >= 200 && a.Status <= 299 }

// Line is the answer in one line for the delivery history.
func (a Answer) Line() string {
	line := strings.TrimSpace(strconv.Itoa(a.Status) + " " + http.StatusText(a.Status))
	if text := OneLine(string(a.Body), 160); text != "" && !strings.EqualFold(text, http.StatusText(a.Status)) {
		line += ": " + text
	}
	return line
}

// Failure classifies an answer that is not a success. 5xx, 429, 408 and 425 ask
// for another attempt; everything else would be answered the same way again.
func (a Answer) Failure() error {
	err := errors.New(a.Line())
	switch {
	case a.Status >= 500, a.Status == http.StatusTooManyRequests,
		a.Status == http.StatusRequestTimeout, a.Status == http.StatusTooEarly:
		if after := a.RetryAfter(time.Now()); after > 0 {
			return RetryAfter(after, err)
		}
		return &Failure{Err: err}
	case a.Status >= 300 && a.Status < 400:
		return Permanent(fmt.Errorf("%d: it redirects where a message cannot follow; fill in the final address", a.Status))
	}
	return Permanent(err)
}

// RetryAfter reads the header of that name, in seconds or as a date. A date is
// measured against the peer's own clock when it sent one.
func (a Answer) RetryAfter(now time.Time) time.Duration {
	text := strings.TrimSpace(a.Header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) { // also NaN
			return 0
		}
		return time.Duration(min(seconds, maxWait.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if peer, err := http.ParseTime(a.Header.Get("Date")); err == nil {
		now = peer
	}
	return min(max(at.Sub(now), 0), maxWait)
}
