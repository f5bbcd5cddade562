package intaketest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/tools/txtar"

	"tocsin/internal/intake"
)

var update = flag.Bool("update", false, "rewrite the golden answers and signals")

// Now is the time at which golden requests arrive.
var Now = time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)

// made is a key that intake made itself; golden files show it as MADE-1, the
// next one as MADE-2, so that equal keys can be told from different ones.
var made = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// Golden replays every testdata/*.txtar. A file holds a "request" as a client
// sends it on the wire (Content-Length is worked out) and, written by -update,
// the "response", the "signals" that went through the door and the
// "rejections". newDoor makes a door for each file.
func Golden(t *testing.T, f intake.Format, newDoor func() *Door) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got []txtar.File
			synctest.Test(t, func(*testing.T) {
				time.Sleep(time.Until(Now))
				got, err = replay(f, newDoor(), archive)
			})
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				archive.Files = append(archive.Files[:1], got...)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want, have := text(archive.Files[1:]), text(got); want != have {
				t.Errorf("%s: the answer differs\n--- want\n%s\n--- have\n%s", file, want, have)
			}
		})
	}
}

func text(files []txtar.File) string { return string(txtar.Format(&txtar.Archive{Files: files})) }

func replay(f intake.Format, d *Door, a *txtar.Archive) ([]txtar.File, error) {
	if len(a.Files) == 0 || a.Files[0].Name != "request" {
		return nil, fmt.Errorf("the first section must be the request")
	}
	raw := a.Files[0].Data
	req, err := request(raw)
	if err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	Mux(f, d).ServeHTTP(rec, req)
	signals, err := lines(d.Signals())
	if err != nil {
		return nil, err
	}
	rejections, err := lines(d.Rejections())
	if err == nil && len(d.Pings()) > 0 {
		signals = append(signals, []byte("pings: "+strings.Join(d.Pings(), " ")+"\n")...)
	}
	if err != nil {
		return nil, err
	}
	files := []txtar.File{{Name: "response", Data: response(rec)}, {Name: "signals", Data: signals}, {Name: "rejections", Data: rejections}}
	names := map[string]string{}
	for i := range files {
		files[i].Data = made.ReplaceAllFunc(files[i].Data, func(key []byte) []byte {
			if bytes.Contains(raw, key) {
				return key
			}
			if names[string(key)] == "" {
				names[string(key)] = fmt.Sprintf("MADE-%d", len(names)+1)
			}
			return []byte(names[string(key)])
		})
	}
	return files, nil
}

// request reads a request whose header ends at the first empty line; the rest,
// without the last line end, is the body.
func request(raw []byte) (*http.Request, error) {
	head, body, _ := bytes.Cut(raw, []byte("\n\n"))
	body = bytes.TrimSuffix(body, []byte("\n"))
	wire := strings.ReplaceAll(string(head), "\n", "\r\n") + fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", len(body)) + string(body)
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wire)))
	if err != nil {
		return nil, fmt.Errorf("the golden request does not parse: %w", err)
	}
	return req, nil
}

func response(rec *httptest.ResponseRecorder) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%d %s\n", rec.Code, http.StatusText(rec.Code))
	names := make([]string, 0, len(rec.Header()))
	for n := range rec.Header() {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		fmt.Fprintf(&b, "%s: %s\n", n, strings.Join(rec.Header()[n], ", "))
	}
	fmt.Fprintf(&b, "\n%s", rec.Body)
	if rec.Body.Len() > 0 && !strings.HasSuffix(rec.Body.String(), "\n") {
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func lines[T any](list []T) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	for _, v := range list {
		if err := e.Encode(v); err != nil {
			return nil, fmt.Errorf("encode %T: %w", v, err)
		}
	}
	return b.Bytes(), nil
}
