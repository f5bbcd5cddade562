package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"

	"tocsin/internal/web"
	"tocsin/internal/web/sample"
)

// browser is a signed-in person without a screen.
type browser struct {
	t    *testing.T
	site http.Handler
	jar  map[string]string
}

func open(t *testing.T, w *sample.World, user string, role web.Role) *browser {
	t.Helper()
	site, err := sample.Site(w, &sample.Auth{User: user, Role: role, Secret: "correct horse battery"})
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, site: site, jar: map[string]string{"tocsin": "sample"}}
}

func (b *browser) do(r *http.Request) *httptest.ResponseRecorder {
	for k, v := range b.jar {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	rec := httptest.NewRecorder()
	b.site.ServeHTTP(rec, r)
	for _, k := range rec.Result().Cookies() {
		b.jar[k.Name] = k.Value
		if k.MaxAge < 0 || k.Value == "" {
			delete(b.jar, k.Name)
		}
	}
	return rec
}

func (b *browser) get(path string) *httptest.ResponseRecorder {
	return b.do(httptest.NewRequest("GET", "http://localhost"+path, nil))
}

// post sends a form as a browser does: with its origin and where it was.
func (b *browser) post(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://localhost"+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://localhost")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	from := path
	if parts := strings.Split(path, "/"); len(parts) > 3 {
		from = strings.Join(parts[:3], "/") // the page that the form stands on
	}
	r.Header.Set("Referer", "http://localhost"+from)
	return b.do(r)
}

// follow posts and reads the page that the answer leads to.
func (b *browser) follow(path string, form url.Values) string {
	b.t.Helper()
	rec := b.post(path, form)
	if rec.Code != http.StatusSeeOther {
		b.t.Fatalf("POST %s: %d, want a redirect\n%s", path, rec.Code, text(b.t, rec.Body))
	}
	to, _, _ := strings.Cut(rec.Header().Get("Location"), "#")
	return text(b.t, b.get(to).Body)
}

func text(t *testing.T, body io.Reader) string {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(doc.Find("main").Text()), " ")
}

func zipped(body []byte) int {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Len()
}

// Every page that can be reached by a link answers, in every world, and is
// whole: one h1, labelled fields, no stranger's mark-up, light enough.
func TestEveryLinkLeadsToAWholePage(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]func() *sample.World{"busy": sample.Busy, "calm": sample.Calm, "fresh": sample.Fresh, "nasty": sample.Nasty} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t, w(), "ana", web.Admin)
			seen, queue := map[string]bool{"/": true}, []string{"/"}
			for n := 0; len(queue) > 0 && n < 150; n++ {
				path := queue[0]
				queue = queue[1:]
				for _, next := range b.examine(path) {
					if !seen[next] {
						seen[next] = true
						queue = append(queue, next)
					}
				}
			}
			if len(seen) < 25 {
				t.Errorf("only %d pages were found: the walk is broken", len(seen))
			}
		})
	}
}

func (b *browser) examine(path string) (links []string) {
	b.t.Helper()
	rec := b.get(path)
	if rec.Code == http.StatusSeeOther {
		return []string{rec.Header().Get("Location")}
	}
	if rec.Code != http.StatusOK {
		b.t.Errorf("GET %s: %d", path, rec.Code)
		return nil
	}
	if !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
		return nil
	}
	body := rec.Body.Bytes()
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	b.wellFormed(path, doc)
	if n := zipped(body) + b.weightOfAssets(doc); n > 60_000 {
		b.t.Errorf("%s weighs %d bytes zipped, more than 60 kB", path, n)
	}
	doc.Find("a[href]").Each(func(_ int, a *goquery.Selection) {
		href, _ := a.Attr("href")
		href, _, _ = strings.Cut(href, "#")
		if strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") {
			links = append(links, href)
		}
	})
	return links
}

func (b *browser) wellFormed(path string, doc *goquery.Document) {
	b.t.Helper()
	if n := doc.Find("h1").Length(); n != 1 {
		b.t.Errorf("%s has %d h1", path, n)
	}
	if strings.TrimSpace(doc.Find("title").Text()) == "" || doc.Find("html[lang]").Length() != 1 || doc.Find("main").Length() != 1 {
		b.t.Errorf("%s lacks a title, a language or a main", path)
	}
	if n := doc.Find("script:not([src]), style, [style], [onerror], [onclick], img, iframe, object").Length(); n > 0 {
		b.t.Errorf("%s holds %d pieces of mark-up that no template wrote", path, n)
	}
	ids := map[string]bool{}
	doc.Find("[id]").Each(func(_ int, s *goquery.Selection) {
		id, _ := s.Attr("id")
		if ids[id] && id != "gap" {
			b.t.Errorf("%s has the id %q twice", path, id)
		}
		ids[id] = true
	})
	doc.Find("input:not([type=hidden]), select, textarea").Each(func(_ int, s *goquery.Selection) {
		id, _ := s.Attr("id")
		if s.Closest("label").Length() == 0 && (id == "" || doc.Find(`label[for="`+id+`"]`).Length() == 0) {
			name, _ := s.Attr("name")
			b.t.Errorf("%s: field %q has no label", path, name)
		}
	})
	doc.Find("button, a").Each(func(_ int, s *goquery.Selection) {
		label, _ := s.Attr("aria-label")
		if strings.TrimSpace(s.Text()+label) == "" {
			html, _ := goquery.OuterHtml(s)
			b.t.Errorf("%s: nothing says what this does: %s", path, html)
		}
	})
	doc.Find("a[href]").Each(func(_ int, s *goquery.Selection) {
		if href, _ := s.Attr("href"); strings.HasPrefix(strings.ToLower(strings.TrimSpace(href)), "javascript:") {
			b.t.Errorf("%s: a link runs a script: %s", path, href)
		}
	})
}

func (b *browser) weightOfAssets(doc *goquery.Document) int {
	sum := 0
	doc.Find("link[rel=stylesheet], script[src]").Each(func(_ int, s *goquery.Selection) {
		href, _ := s.Attr("href")
		src, _ := s.Attr("src")
		r := httptest.NewRequest("GET", "http://localhost"+href+src, nil)
		r.Header.Set("Accept-Encoding", "gzip")
		rec := b.do(r)
		if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			b.t.Errorf("asset %s%s: %d %s", href, src, rec.Code, rec.Header().Get("Cache-Control"))
		}
		sum += rec.Body.Len()
	})
	return sum
}

func TestEveryAnswerForbidsWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	b := open(t, sample.Calm(), "ana", web.Admin)
	for _, path := range []string{"/", "/signin", "/nowhere", "/a/nonsense", "/manifest.webmanifest"} {
		h := b.get(path).Header()
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s may be sniffed", path)
		}
	}
}
