package gallery

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever the world, no page breaks: what is missing says so.
func TestNoWorldBreaksAPage(t *testing.T) {
	t.Parallel()
	h, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	index := get("/gallery/").Body.String()
	for _, world := range []string{"busy", "calm", "fresh", "viewer", "nasty", "first", "out"} {
		for _, p := range Paths {
			link := "/gallery/" + world + p
			if !strings.Contains(index, link) {
				t.Errorf("the index does not lead to %s", link)
			}
			if rec := get(link); rec.Code >= 500 {
				t.Errorf("%s: %d", link, rec.Code)
			}
		}
	}
	if body := get("/gallery/busy/").Body.String(); strings.Contains(body, `href="/alerts"`) || !strings.Contains(body, `href="/gallery/busy/alerts"`) {
		t.Error("a link of the gallery leads out of it")
	}
}
