package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/api"
	"tocsin/internal/config"
	"tocsin/internal/server"
)

// planFlags are those of plan and apply.
type planFlags struct {
	vars    map[string]string
	comment string
	force   bool
	yaml    bool
}

func planCommand(g *globals) *cobra.Command {
	var f planFlags
	c := &cobra.Command{Use: "plan [FOLDER]", Short: "Show what applying a plan folder would change", Args: usage(cobra.MaximumNArgs(1)),
		Long: "Compare a plan folder with the plan in force on a server: the change in words, and with --yaml line by line. Nothing is changed.\n" +
			"Exit code 0: no mistakes. 1: the folder has mistakes, or a scenario does not hold.",
		RunE: func(c *cobra.Command, args []string) error {
			files, err := f.read(c, args)
			if err != nil {
				return err
			}
			client, err := NewClient(g.URL, g.Token)
			if err != nil {
				return err
			}
			j, err := client.Validate(c.Context(), files)
			if err != nil {
				return err
			}
			return f.show(c.OutOrStdout(), g.Output, j)
		}}
	f.add(c)
	c.Flags().BoolVar(&f.yaml, "yaml", false, "show the difference as YAML as well")
	g.flags(c)
	return c
}

func applyCommand(g *globals) *cobra.Command {
	var f planFlags
	c := &cobra.Command{Use: "apply [FOLDER]", Short: "Put a plan folder in force as a new version", Args: usage(cobra.MaximumNArgs(1)),
		Long: "Check a plan folder, play its scenarios, and put it in force on a server as a new version with author, comment and difference.\n" +
			"Keys written as env:NAME or file:PATH are read here and travel as hashes.",
		RunE: func(c *cobra.Command, args []string) error {
			files, err := f.read(c, args)
			if err != nil {
				return err
			}
			client, err := NewClient(g.URL, g.Token)
			if err != nil {
				return err
			}
			done, err := client.Apply(c.Context(), Apply{Files: files, Comment: f.comment, Force: f.force})
			if err != nil {
				return err
			}
			return showApplied(c.OutOrStdout(), g.Output, done)
		}}
	f.add(c)
	c.Flags().StringVarP(&f.comment, "message", "m", "", "why, for the list of versions")
	c.Flags().BoolVar(&f.force, "force", false, "also if a scenario does not hold")
	g.flags(c)
	return c
}

func (f *planFlags) add(c *cobra.Command) {
	c.Flags().StringToStringVar(&f.vars, "var", nil, "value of ${NAME} in the files, as NAME=VALUE")
}

// read checks the folder here, where file and line can be named, and returns
// what travels: one canonical file. Comments stay at home, and so do keys.
func (f *planFlags) read(c *cobra.Command, args []string) (map[string][]byte, error) {
	dir := "."
	if len(args) == 1 {
		dir = args[0]
	}
	report, err := check(dir, f.vars, false)
	if err != nil {
		return nil, failed(err)
	}
	if !report.OK && (len(report.Problems) > 0 || !f.force) {
		if err := report.print(c.ErrOrStderr(), ""); err != nil {
			return nil, err
		}
		return nil, &coded{code: ExitProblem, err: errors.New("the plan does not hold"), silent: true}
	}
	opts := server.ConfigOptions(server.Channels(), f.vars)
	opts.Secret = server.Secret
	loaded, err := config.LoadDir(dir, opts)
	if err != nil {
		return nil, failed(err)
	}
	if err := loaded.Plan.Prepare(time.LoadLocation); err != nil {
		return nil, failed(err)
	}
	text, err := config.Encode(loaded.Plan)
	if err != nil {
		return nil, failed(err)
	}
	return map[string][]byte{"plan.yaml": text}, nil
}

func (f *planFlags) show(w io.Writer, format string, j api.Judgement) error {
	if format == "json" {
		return printJSON(w, j)
	}
	if len(j.Diff.Changes) == 0 {
		fmt.Fprintln(w, "No changes.")
	}
	for _, c := range j.Diff.Changes {
		fmt.Fprintf(w, "%s %s\n", mark[c.Kind], c.Sentence)
	}
	if f.yaml && j.Diff.Unified != "" {
		fmt.Fprintf(w, "\n%s", j.Diff.Unified)
	}
	for _, p := range append(j.Problems, j.Findings...) {
		where := p.Path
		if where == "" {
			where = "plan"
		}
		fmt.Fprintf(w, "%s: %s: %s\n", p.Severity, where, p.Text)
	}
	if !j.OK {
		return &coded{code: ExitProblem, err: errors.New("the plan does not hold"), silent: true}
	}
	return nil
}

// mark is how a difference begins.
var mark = map[string]string{"added": "+", "removed": "-", "changed": "~"}

func showApplied(w io.Writer, format string, done api.Applied) error {
	if format == "json" {
		return printJSON(w, done)
	}
	if !done.Changed {
		fmt.Fprintf(w, "Version %d is in force already.\n", done.Version)
		return nil
	}
	for _, c := range done.Diff.Changes {
		fmt.Fprintf(w, "%s %s\n", mark[c.Kind], c.Sentence)
	}
	fmt.Fprintf(w, "Version %d is in force.\n", done.Version)
	return nil
}

func printJSON(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeJSON(w, data)
}
