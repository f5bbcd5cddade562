package cli

import (
	"io"
	"strings"
	"testing"
)

// parsedServe reads a command line of serve as far as its options, without
// running it.
func parsedServe(args []string, environment map[string]string) (*serverFlags, error) {
	var f serverFlags
	c := serveCommand()
	c.ResetFlags()
	c.SetErr(io.Discard)
	f.all(c.Flags())
	if err := c.ParseFlags(args); err != nil {
		return nil, err
	}
	err := fromEnvironment(c.Flags(), func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
	return &f, err
}

func TestEveryFlagOfServeHasItsVariable(t *testing.T) {
	t.Parallel()
	f, err := parsedServe([]string{"--listen", "127.0.0.1:1"}, map[string]string{"TOCSIN_LISTEN": "127.0.0.1:2", "TOCSIN_RETENTION": "48h",
		"TOCSIN_ALLOW_NETWORK": "10.0.0.0/8,fd00::/8", "TOCSIN_SMTP_PORT": "2525", "TOCSIN_DATABASE_URL": "postgres://u:p@h/d", "TOCSIN_PLAN": ""})
	if err != nil {
		t.Fatal(err)
	}
	if f.options.Listen != "127.0.0.1:1" {
		t.Errorf("the command line does not win: listen %s", f.options.Listen)
	}
	if f.retention.Hours() != 48 || len(f.networks) != 2 || f.options.SMTP.Port != 2525 || f.options.DatabaseURL != "postgres://u:p@h/d" {
		t.Errorf("read from the environment: %+v", f)
	}
}

func TestAVariableThatCannotBeReadIsNamed(t *testing.T) {
	t.Parallel()
	_, err := parsedServe(nil, map[string]string{"TOCSIN_SMTP_PORT": "smtp", "TOCSIN_RETENTION": "a year"})
	if err == nil || !strings.Contains(err.Error(), "TOCSIN_SMTP_PORT") || !strings.Contains(err.Error(), "TOCSIN_RETENTION") {
		t.Errorf("the error is %v", err)
	}
}

// The address of a database holds a password, and help is pasted into tickets.
func TestHelpDoesNotPrintTheEnvironment(t *testing.T) {
	t.Setenv("TOCSIN_DATABASE_URL", "postgres://u:hunter2@h/d")
	var out strings.Builder
	if code := Main([]string{"serve", "--help"}, &out, io.Discard); code != ExitOK {
		t.Fatalf("exit code %d", code)
	}
	if !strings.Contains(out.String(), "--database-url") || strings.Contains(out.String(), "hunter2") {
		t.Errorf("help says:\n%s", out.String())
	}
}
