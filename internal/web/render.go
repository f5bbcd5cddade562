package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

//go:embed templates/*.html
var sources embed.FS

// pageOf binds one template to the one type that it shows. Building it parses
// the template, so a broken one stops the program at its start.
type pageOf[T any] struct {
	name string
	t    *template.Template
}

// full is what a template sees: the frame around the page, and the page's own
// view as V.
type full[T any] struct {
	Frame
	V T
}

var funcs = template.FuncMap{
	"icon":     icon,
	"iconTone": iconTone,
	"plural":   plural,
	"trim":     strings.TrimSpace,
	"dict":     dict,
	"sentence": sentence,
}

// dict passes a few named things to a part.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict needs pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		k, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is not a name", pairs[i])
		}
		m[k] = pairs[i+1]
	}
	return m, nil
}

// plural is "1 alert", "3 alerts".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	if n := len(one); n > 1 && one[n-1] == 'y' && !strings.ContainsRune("aeiou", rune(one[n-2])) {
		one = strings.TrimSuffix(one, "y") + "ie"
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// sheet is a page inside the usual frame; bare has a frame of its own.
func sheet[T any](name string) pageOf[T] { return parsed[T](name, "layout.html", "parts.html", name) }

func bare[T any](name string) pageOf[T] { return parsed[T](name, name, "parts.html") }

// parsed reads the files; root is the one that is executed.
func parsed[T any](name, root string, with ...string) pageOf[T] {
	paths := []string{"templates/" + root}
	for _, w := range with {
		paths = append(paths, "templates/"+w)
	}
	t := template.Must(template.New(root).Funcs(funcs).Option("missingkey=error").ParseFS(sources, paths...))
	return pageOf[T]{name: name, t: t}
}

// render writes the page, or an error before the first byte.
func (p pageOf[T]) render(f Frame, v T) ([]byte, error) {
	var b bytes.Buffer
	if err := p.t.Execute(&b, full[T]{Frame: f, V: v}); err != nil {
		return nil, fmt.Errorf("page %s: %w", p.name, err)
	}
	return b.Bytes(), nil
}

// show renders a page as the answer to a call.
func show[T any](c *call, p pageOf[T], title string, v T) error {
	return showAs(c, http.StatusOK, p, title, v)
}

func showAs[T any](c *call, status int, p pageOf[T], title string, v T) error {
	body, err := p.render(c.frame(title), v)
	if err != nil {
		return err
	}
	writeHTML(c.w, c.r, status, body)
	return nil
}

func writeHTML(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && len(body) > 1400 {
		h.Set("Content-Encoding", "gzip")
		h.Add("Vary", "Accept-Encoding")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(body)
		_ = z.Close()
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
