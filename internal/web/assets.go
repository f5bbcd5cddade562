package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed css/*.css js/*.js static
var files embed.FS

// asset is one file as browsers get it: under a name that changes with its
// content, so that it may be kept for ever.
type asset struct {
	body, zipped []byte
	mime         string
}

// assets are built once at start and never change.
type assets struct {
	byURL map[string]asset
	url   map[string]string // "app.css" -> "/assets/app.1a2b3c4d.css"
}

// bundles says which files make one asset, in order. The answer page has a
// style of its own: it must be small.
var bundles = map[string][]string{
	"app.css":    {"css/1-tokens.css", "css/2-base.css", "css/3-layout.css", "css/4-controls.css", "css/5-parts.css", "css/6-pages.css"},
	"answer.css": {"css/1-tokens.css", "css/answer.css"},
	"app.js":     {"js/htmx-4.0.1.min.js", "js/app.js"},
}

func loadAssets() (*assets, error) {
	a := &assets{byURL: map[string]asset{}, url: map[string]string{}}
	for name, parts := range bundles {
		var all bytes.Buffer
		for _, part := range parts {
			data, err := files.ReadFile(part)
			if err != nil {
				return nil, fmt.Errorf("asset %s: %w", name, err)
			}
			all.Write(data)
			all.WriteByte('\n')
		}
		a.add(name, all.Bytes())
	}
	static, err := fs.ReadDir(files, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range static {
		data, err := files.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, err
		}
		a.add(f.Name(), data)
	}
	return a, nil
}

func (a *assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	url := "/assets/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	a.url[name] = url
	a.byURL[url] = asset{body: body, zipped: zip(body), mime: mime.TypeByExtension(ext)}
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = z.Write(body)
	_ = z.Close()
	return b.Bytes()
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byURL[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	writeAsset(w, r, f)
}

func writeAsset(w http.ResponseWriter, r *http.Request, f asset) {
	w.Header().Set("Content-Type", f.mime)
	w.Header().Add("Vary", "Accept-Encoding")
	body := f.body
	if len(f.zipped) < len(f.body) && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		body = f.zipped
	}
	_, _ = w.Write(body)
}
