// Package cli is every subcommand: the local ones, which open a plan folder or
// a database, and the remote ones, which speak to a server's API.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker.
var version = "dev"

// The exit codes, documented in docs/cli.md.
const (
	ExitOK          = 0
	ExitProblem     = 1 // refused, or something was found wrong
	ExitUsage       = 2
	ExitUnreachable = 3
	ExitNotSignedIn = 4
)

// coded is an error that knows its exit code. A silent one has been told
// already.
type coded struct {
	code   int
	err    error
	silent bool
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

// Main runs one command line and returns its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := newRoot(stdout, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	var c *coded
	if errors.As(err, &c) {
		if !c.silent {
			fmt.Fprintln(stderr, "tocsin:", err)
		}
		return c.code
	}
	fmt.Fprintln(stderr, "tocsin:", err)
	return ExitUsage
}

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "tocsin",
		Short:         "Incident management and response in one binary",
		Long:          "Tocsin hears alerts, gets the right human, and explains every page it sent or did not send.",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(serveCommand(), demoCommand(), checkCommand(), migrateCommand(), backupCommand(), accountCommand(), versionCommand())
	g := newGlobals(stdout, stderr)
	root.AddCommand(planCommand(g), applyCommand(g), previewCommand())
	root.AddCommand(remoteCommands(g)...)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs, Run: func(c *cobra.Command, _ []string) {
		fmt.Fprintln(c.OutOrStdout(), "tocsin", version)
	}}
}

// failed makes an error of what a command found wrong.
func failed(err error) error { return &coded{code: ExitProblem, err: err} }

// logger writes structured lines for machines, or readable ones for people.
func logger(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log-level %q is none of debug, info, warn, error", level)
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: l})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
	}
	return nil, fmt.Errorf("log-format %q is neither text nor json", format)
}
