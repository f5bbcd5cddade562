package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSecret bounds a secret file; a longer one is the wrong file.
const maxSecret = 16 << 10

// Secrets reads values that settings name instead of holding. The zero value
// reads any variable and any file the process can read, which is right where
// only administrators write contacts; set the limits where others may too.
type Secrets struct {
	// EnvPrefixes, when set, are the beginnings a variable's name may have.
	EnvPrefixes []string
	// Dirs, when set, are the folders that a file must lie in.
	Dirs []string
	// LookupEnv is os.LookupEnv when nil.
	LookupEnv func(string) (string, bool)
}

// IsReference says whether a setting names a secret rather than being one.
func IsReference(value string) bool {
	return strings.HasPrefix(value, "env:") || strings.HasPrefix(value, "file:")
}

// Resolve reads a reference; any other value is returned as it is. An error
// names the reference and never the value. A missing variable or file is
// permanent until somebody mends it, but people mend it while a page waits, so
// the error is temporary.
func (s Secrets) Resolve(value string) (string, error) {
	var out string
	var err error
	switch {
	case strings.HasPrefix(value, "env:"):
		out, err = s.fromEnv(strings.TrimPrefix(value, "env:"))
	case strings.HasPrefix(value, "file:"):
		out, err = s.fromFile(strings.TrimPrefix(value, "file:"))
	default:
		return value, nil
	}
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", OneLine(value, 200), err)
	}
	return out, nil
}

func (s Secrets) fromEnv(name string) (string, error) {
	if len(s.EnvPrefixes) > 0 && !slices.ContainsFunc(s.EnvPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
		return "", Permanent(errors.New("variable's name is outside what may be used for secrets"))
	}
	lookup := s.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	v, ok := lookup(name)
	if !ok || v == "" {
		return "", errors.New("variable is not set")
	}
	return v, nil
}

func (s Secrets) fromFile(path string) (string, error) {
	path = filepath.Clean(path)
	f, err := s.open(path)
	if err != nil {
		var pe *os.PathError
		if errors.As(err, &pe) {
			err = pe.Err // the reference already names the path
		}
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return "", errors.New("not a regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", errors.New("cannot be read")
	case len(data) > maxSecret:
		return "", errors.New("too long to be a secret")
	}
	v := strings.TrimRight(string(data), "\r\n")
	if v == "" {
		return "", errors.New("file is empty")
	}
	return v, nil
}

// open follows no link out of the folders that are allowed.
func (s Secrets) open(path string) (*os.File, error) {
	if len(s.Dirs) == 0 {
		return os.Open(path) //nolint:gosec // the administrator names the file
	}
	for _, dir := range s.Dirs {
		rel, err := filepath.Rel(dir, path)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return nil, err
		}
		defer func() { _ = root.Close() }()
		return root.Open(rel)
	}
	return nil, Permanent(errors.New("file is outside the folders for secrets"))
}

// ResolveAll reads the references in the fields marked Secret, and in each
// "Name: reference" line of such a field. A reference elsewhere is left alone:
// a title or an address is shown to people, a secret must not get there.
func (s Secrets) ResolveAll(fields []Field, settings map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(settings))
	for k, v := range settings {
		out[k] = v
	}
	for _, f := range fields {
		v, ok := out[f.Name]
		if !f.Secret || !ok {
			continue
		}
		resolved, err := s.resolveLines(v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out[f.Name] = resolved
	}
	return out, nil
}

func (s Secrets) resolveLines(value string) (string, error) {
	if IsReference(value) {
		return s.Resolve(value)
	}
	if !strings.Contains(value, ":") {
		return value, nil
	}
	lines := strings.Split(value, "\n")
	for i, line := range lines {
		name, v, ok := strings.Cut(line, ": ")
		if v = strings.TrimSpace(v); !ok || !IsReference(v) {
			continue
		}
		resolved, err := s.Resolve(v)
		if err != nil {
			return "", err
		}
		lines[i] = name + ": " + resolved
	}
	return strings.Join(lines, "\n"), nil
}
