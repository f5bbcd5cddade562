package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/fact"
	"tocsin/internal/core/plan"
)

// Bounds of a plan folder. They keep a wrong path (a home directory, a log
// file) from being read to its end.
const (
	maxFile  = 4 << 20
	maxFiles = 2000
	maxDepth = 32 // of routes
)

// Channels is what this room needs to know of the channels. A Channels that
// also has Names() []string lets errors suggest a channel, and one that has
// Main(channel string) string names the setting that a lone text stands for.
type Channels interface {
	// Fields lists the settings that are secret; known is false for a channel
	// that does not exist.
	Fields(channel string) (secret []string, known bool)
	// Check says what is wrong with a contact's settings.
	Check(channel string, settings map[string]string) error
}

// Checks says what is wrong with a check, an unknown type included.
type Checks interface{ Check(c plan.Check) error }

// Formats knows the types of integration.
type Formats interface{ Known(name string) bool }

// Options are what a reading needs beside the files. Every one may be absent.
type Options struct {
	// Vars are the values of ${NAME}. They are never taken from the
	// environment: whoever loads says what may be put in.
	Vars map[string]string
	// Secret reads a reference, "env:NAME" or "file:PATH", in a key. Without
	// it a key is left unread: enough to check a plan, not to serve it.
	Secret func(ref string) (string, error)
	// What is nil is not checked.
	Channels Channels
	Checks   Checks
	Formats  Formats
}

// Loaded is a plan and where it came from.
type Loaded struct {
	Plan   *plan.Plan
	Origin Origin
	Files  map[string][]byte
	// Scenarios are the paths of scenarios/*.tocsin; they are run elsewhere.
	Scenarios []string
	// Warnings did not keep the plan from being read.
	Warnings Problems

	channels       Channels
	filled, unread map[string]bool // see Inspector
}

// LoadDir reads a folder, or a single file, of the disk.
func LoadDir(name string, opts Options) (*Loaded, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	if info.IsDir() {
		return Load(os.DirFS(name), opts)
	}
	fsys := os.DirFS(filepath.Dir(name))
	base := filepath.Base(name)
	r := newReader(opts)
	if err := r.read(fsys, base); err != nil {
		return nil, err
	}
	return r.finish()
}

// Load reads every *.yaml and *.yml of the file system, in order of name. What
// is wrong with them comes back as Problems, all at once.
func Load(fsys fs.FS, opts Options) (*Loaded, error) {
	r := newReader(opts)
	if err := r.walk(fsys); err != nil {
		return nil, err
	}
	return r.finish()
}

func (r *reader) walk(fsys fs.FS) error {
	return fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("read plan folder: %w", err)
		}
		hidden := name != "." && strings.HasPrefix(d.Name(), ".")
		if d.IsDir() {
			if hidden {
				return fs.SkipDir
			}
			return nil
		}
		if hidden || !isRegular(fsys, name) {
			return nil
		}
		switch ext := path.Ext(name); {
		case ext == ".yaml" || ext == ".yml":
			return r.read(fsys, name)
		case ext == ".tocsin" && path.Base(path.Dir(name)) == "scenarios":
			r.loaded.Scenarios = append(r.loaded.Scenarios, name)
		}
		return nil
	})
}

// isRegular follows symbolic links: that is how Kubernetes mounts files.
func isRegular(fsys fs.FS, name string) bool {
	info, err := fs.Stat(fsys, name)
	return err == nil && info.Mode().IsRegular()
}

func (r *reader) read(fsys fs.FS, name string) error {
	if len(r.loaded.Files) >= maxFiles {
		return fmt.Errorf("read plan folder: more than %d files; is this the right folder?", maxFiles)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return fmt.Errorf("read plan: %w", err)
	}
	r.loaded.Files[name] = text
	r.file = name
	if len(text) > maxFile {
		r.report(Place{File: name}, "", fmt.Sprintf("the file is larger than %d MB", maxFile>>20))
		return nil
	}
	r.parse(text)
	return nil
}

// parse reads the one document of a file.
func (r *reader) parse(text []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := decodeNode(dec, &doc)
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		r.reportSyntax(err)
		return
	}
	if len(doc.Content) == 1 {
		r.top(value{doc.Content[0], ""})
	}
	var second yaml.Node
	if err := decodeNode(dec, &second); err == nil {
		place := Place{File: r.file, Line: second.Line, Column: second.Column}
		r.report(place, "", "a second document starts here; a file of the plan holds one, so use two files")
	} else if !errors.Is(err, io.EOF) {
		r.reportSyntax(err)
	}
}

// decodeNode turns the parser's rare panics on hostile input into errors.
func decodeNode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: cannot read this file (%v)", p)
		}
	}()
	return dec.Decode(n)
}

func (r *reader) reportSyntax(err error) {
	place := Place{File: r.file, Line: 1, Column: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var line int
	if _, scanErr := fmt.Sscanf(text, "line %d:", &line); scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
		place.Line = line
	}
	if strings.HasPrefix(text, "did not find expected") {
		// The library counts the lines of these errors, and only of these, from 0.
		if place.Line = line + 1; strings.Contains(lineOf(r.loaded.Files[r.file], place.Line), "${") {
			text += `; inside { } and [ ] a text with ${NAME} needs quotes: "${NAME}"`
		}
	}
	r.report(place, "", "not YAML: "+text)
}

func lineOf(text []byte, n int) string {
	all := bytes.SplitN(text, []byte("\n"), n+1)
	if n < 1 || n > len(all) {
		return ""
	}
	return string(all[n-1])
}

// finish resolves what files say about each other.
func (r *reader) finish() (*Loaded, error) {
	if len(r.loaded.Files) == 0 {
		return nil, errors.New("read plan: no *.yaml file here")
	}
	r.resolve()
	p := r.loaded.Plan
	sortPlan(p)
	errs, warnings := r.sorted().split()
	if len(errs) == 0 {
		// The reader has named every mistake it knows; Prepare has the last word.
		if err := p.Prepare(time.LoadLocation); err != nil {
			r.refused(err)
			errs, _ = r.sorted().split()
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	sort.Strings(r.loaded.Scenarios)
	r.loaded.Warnings = warnings
	return r.loaded, nil
}

func (r *reader) refused(err error) {
	var refused *fact.Refused
	if !errors.As(err, &refused) {
		r.report(Place{}, "", err.Error())
		return
	}
	place, _ := r.loaded.Origin.Of(refused.Field)
	r.report(place, refused.Field, refused.Why)
}

func sortPlan(p *plan.Plan) {
	sort.Slice(p.Users, func(i, j int) bool { return p.Users[i].ID < p.Users[j].ID })
	sort.Slice(p.Teams, func(i, j int) bool { return p.Teams[i].ID < p.Teams[j].ID })
	sort.Slice(p.Schedules, func(i, j int) bool { return p.Schedules[i].ID < p.Schedules[j].ID })
	sort.Slice(p.Policies, func(i, j int) bool { return p.Policies[i].ID < p.Policies[j].ID })
	sort.Slice(p.Services, func(i, j int) bool { return p.Services[i].ID < p.Services[j].ID })
	sort.Slice(p.Channels, func(i, j int) bool { return p.Channels[i].ID < p.Channels[j].ID })
	sort.Slice(p.Integrations, func(i, j int) bool { return p.Integrations[i].ID < p.Integrations[j].ID })
	sort.Slice(p.Checks, func(i, j int) bool { return p.Checks[i].ID < p.Checks[j].ID })
	sort.Slice(p.Heartbeats, func(i, j int) bool { return p.Heartbeats[i].ID < p.Heartbeats[j].ID })
}

// HashKey is how the key of an integration or a heartbeat is kept.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
