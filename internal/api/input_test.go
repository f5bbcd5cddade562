package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"tocsin/internal/api"
	"tocsin/internal/auth"
)

func TestBadBodiesNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	big := strings.Repeat("x", api.MaxBody)
	for _, x := range []struct {
		name, body    string
		status        int
		field, detail string
	}{
		{"nothing", "", 400, "", "required"},
		{"half a JSON", `{"title":"x",`, 400, "", "unexpected end of JSON input at line 1, column 13 (byte 13)"},
		{"a comma too many", "{\n  \"title\": \"x\",\n}", 400, "", "line 3, column 1"},
		{"two values", `{"title":"x","severity":"SEV1"} {}`, 400, "", "after top-level value at line 1, column 33"},
		{"broken UTF-8", "{\"title\":\"\xff\",\"severity\":\"SEV1\"}", 400, "", "not UTF-8 at line 1, column 11"},
		{"no object", `[]`, 400, "", "object"},
		{"null", `null`, 400, "", "object"},
		{"a field that is missing", `{"title":"x"}`, 400, "", "severity"},
		{"a field of the wrong type", `{"title":7,"severity":"SEV1"}`, 400, "title", "string"},
		{"an unknown field", `{"title":"x","severity":"SEV1","sevrity":"SEV2"}`, 400, "sevrity", "unexpected"},
		{"an unknown word", `{"title":"x","severity":"terrible"}`, 400, "severity", "terrible"},
		{"an empty title", `{"title":"","severity":"SEV1"}`, 400, "title", "in a few words"},
		{"a NUL", `{"title":"a\u0000b","severity":"SEV1"}`, 201, "", ""},
		{"too large", `{"title":"` + big + `","severity":"SEV1"}`, 413, "", "too large"},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := r.post("/incidents", x.body)
			if x.status < 400 {
				got.want(x.status)
				return
			}
			got.t = t
			got.problem(x.status, x.field, x.detail)
		})
	}
	if n := r.get("/incidents").len("items"); n != 1 {
		t.Errorf("%d incidents came of bad requests, want the one of the NUL", n)
	}
	r.send("POST", "/incidents", "title=x", http.Header{"Authorization": {"Bearer " + r.token[auth.Admin]}, "Content-Type": {"application/x-www-form-urlencoded"}}).
		problem(415, "", "unknown content type")
}

func TestABodyOfExactlyTheLimitIsRead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	frame := `{"text":""}`
	body := `{"text":"` + strings.Repeat("x", api.MaxBody-len(frame)) + `"}`
	r.post("/incidents/INC-1/notes", body).problem(404, "", "INC-1")
	r.post("/incidents/INC-1/notes", body+" ").problem(413, "", "too large")
}

func TestUnknownAddressesAndMethodsAnswerInTheSameShape(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.get("/nothing").problem(404, "", "/api/v1/openapi.json")
	r.as(auth.Admin, "DELETE", "/alerts", "").problem(405, "", "GET")
	if allow := r.as(auth.Admin, "PATCH", "/incidents", "").header.Get("Allow"); !strings.Contains(allow, "POST") {
		t.Errorf("Allow: %q", allow)
	}
	if id := r.send("GET", "/me", "", http.Header{"X-Request-Id": {"my-name-1"}}).header.Get("X-Request-Id"); id != "my-name-1" {
		t.Errorf("a request's own name became %q", id)
	}
	if id := r.send("GET", "/me", "", http.Header{"X-Request-Id": {"<script>"}}).header.Get("X-Request-Id"); strings.Contains(id, "<") {
		t.Errorf("strangers' text came back in a header: %q", id)
	}
}

func TestTheDoorKeepsStrangersOut(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *api.Options) {
		o.Session = func(req *http.Request) (auth.Person, bool) {
			c, err := req.Cookie("tocsin")
			return auth.Person{ID: "ana", Name: "Ana", Role: auth.Admin}, err == nil && c.Value == "good"
		}
	})
	none := r.send("GET", "/alerts", "", http.Header{})
	none.problem(401, "", "Bearer")
	if none.header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
	r.send("GET", "/alerts", "", http.Header{"Authorization": {"Bearer tocsin_wrong"}}).problem(401, "", "unknown")
	r.send("GET", "/alerts", "", http.Header{"Authorization": {"Basic YTpi"}}).problem(401, "", "Bearer")
	cookie := http.Header{"Cookie": {"tocsin=good"}}
	r.send("GET", "/me", "", cookie).want(200).has("id", "ana")
	r.send("GET", "/me", "", http.Header{"Cookie": {"tocsin=good"}, "Authorization": {"Bearer tocsin_wrong"}}).problem(401, "", "unknown")
	r.send("POST", "/silences/preview", `{"matchers":["a=\"b\""]}`, http.Header{"Cookie": {"tocsin=good"}, "Sec-Fetch-Site": {"cross-site"}}).problem(403, "", "own pages")
	r.send("POST", "/silences/preview", `{"matchers":["a=\"b\""]}`, http.Header{"Cookie": {"tocsin=good"}, "Sec-Fetch-Site": {"same-origin"}}).want(200)
	// Nobody is told what a body lacks before they are known.
	r.send("POST", "/incidents", `{`, http.Header{}).problem(401, "", "")
}

func TestADatabaseThatIsAwayIsNotAWrongToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.store.Break(errors.New("away"))
	got := r.get("/me")
	got.problem(503, "", "the database does not answer")
	if got.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

func FuzzBodies(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"title":"x","severity":"SEV1"}`, "[1", "\xff", `{"title":null}`, `{"a":{"a":{"a":1}}}`, "7", `"x"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		got := fuzzRig(t).anybody("POST", "/incidents", body)
		if got.status != 201 && (got.status < 400 || got.status >= 500) {
			t.Errorf("%q answered %d: %s", body, got.status, got.body)
		}
	})
}
