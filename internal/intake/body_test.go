package intake_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"tocsin/internal/intake"
)

func TestReadBody(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   io.Reader
		want   string
		status int
	}{
		"whole":           {strings.NewReader("abc"), "abc", 0},
		"byte order mark": {strings.NewReader("\xef\xbb\xbf{}"), "{}", 0},
		"at the limit":    {strings.NewReader("0123456789"), "0123456789", 0},
		"over the limit":  {strings.NewReader("0123456789a"), "", http.StatusRequestEntityTooLarge},
		"broken off":      {io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(errors.New("connection reset"))), "", http.StatusBadRequest},
	} {
		got, bad := intake.ReadBody(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", c.body), 10)
		switch {
		case c.status == 0 && (bad != nil || string(got) != c.want):
			t.Errorf("%s: %q, %v", name, got, bad)
		case c.status != 0 && (bad == nil || bad.Status != c.status || got != nil):
			t.Errorf("%s: %q, %v; want status %d", name, got, bad, c.status)
		}
	}
}

func TestParseJSONSaysWhereItBroke(t *testing.T) {
	t.Parallel()
	for body, says := range map[string]string{
		"":                             "empty",
		"  \n":                         "empty",
		`{"a":`:                        "ends too early, after 5 bytes",
		`{"a":1}}`:                     "more text after the JSON value",
		`{"a":x}`:                      "at byte 6",
		strings.Repeat("[", 1_000_000): "not JSON",
	} {
		if _, bad := intake.ParseJSON([]byte(body)); bad == nil || bad.Status != http.StatusBadRequest || !strings.Contains(bad.Why, says) {
			t.Errorf("%.20q: %v, want %q", body, bad, says)
		}
	}
}

func TestObjectNamesEveryWrongFieldOnce(t *testing.T) {
	t.Parallel()
	o, bad := intake.ParseObject([]byte(`{"s":1,"o":[],"l":[{"x":true},3],"t":{"b":2,"a":[],"c":"ok","d":null},"none":null}`))
	if bad != nil {
		t.Fatal(bad)
	}
	o.Text("s")
	o.Text("s")
	o.Object("o").Text("inside")
	for _, item := range o.List("l") {
		item.Text("x")
	}
	if got := o.Texts("t"); len(got) != 1 || got["c"] != "ok" {
		t.Errorf("texts %v", got)
	}
	if o.Text("none") != "" || o.Has("none") {
		t.Error("null must read as absent")
	}
	want := "s: must be a string, not a number; o: must be an object, not a list; l[1]: must be an object, not a number; " +
		"l[0].x: must be a string, not a boolean; t.a: must be a string, not a list; t.b: must be a string, not a number"
	if got := intake.Join(o.Errors()); got != want {
		t.Errorf("errors\n%s\nwant\n%s", got, want)
	}
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"2026-08-22T10:00:00+0000", "1787392800", "Sat, 22 Aug 2026 10:00:00 GMT", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := intake.ParseTime(text)
		if err != nil && !at.IsZero() {
			t.Fatalf("%q: both %s and %v", text, at, err)
		}
	})
}
