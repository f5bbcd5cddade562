package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/config"
	"tocsin/internal/core/plan"
	"tocsin/internal/core/scenario"
	"tocsin/internal/server"
)

// checkReport is what `tocsin check -o json` prints.
type checkReport struct {
	Problems  []config.Problem `json:"problems,omitempty"`
	Warnings  []config.Problem `json:"warnings,omitempty"`
	Findings  []config.Finding `json:"findings,omitempty"`
	Scenarios []scenarioReport `json:"scenarios,omitempty"`
	OK        bool             `json:"ok"`
}

type scenarioReport struct {
	Name   string `json:"name"`
	Rule   string `json:"rule,omitempty"`
	OK     bool   `json:"ok"`
	Report string `json:"report,omitempty"`
}

func checkCommand() *cobra.Command {
	var vars map[string]string
	var strict, rewrite bool
	c := &cobra.Command{Use: "check [FOLDER]", Short: "Check a plan folder: mistakes, dead ends, scenarios", Args: cobra.MaximumNArgs(1),
		Long: "Check a plan folder as a review or a CI job would: mistakes with file and line, dead ends (a service nobody is paged for, a gap in a\n" +
			"schedule, a person with no way to be reached, a route that nothing can reach), and the scenarios in its scenarios/ folder.\n" +
			"Exit code 1 if something is wrong; with --strict also if something is unwise.",
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			r, err := check(dir, vars, rewrite)
			if err != nil {
				return failed(err)
			}
			if err := r.print(c.OutOrStdout(), output(c)); err != nil {
				return err
			}
			if !r.OK || (strict && len(r.Findings) > 0) {
				return &coded{code: ExitProblem, err: errors.New("the plan does not hold"), silent: true}
			}
			return nil
		}}
	c.Flags().StringToStringVar(&vars, "var", nil, "value of ${NAME} in the files, as NAME=VALUE")
	c.Flags().BoolVar(&strict, "strict", false, "findings fail as well")
	c.Flags().BoolVar(&rewrite, "rewrite", false, "write the transcripts of the scenarios as they are now")
	return c
}

func output(c *cobra.Command) string {
	if f := c.Flag("output"); f != nil {
		return f.Value.String()
	}
	return ""
}

func check(dir string, vars map[string]string, rewrite bool) (checkReport, error) {
	loaded, err := config.LoadDir(dir, server.ConfigOptions(server.Channels(), vars))
	var problems config.Problems
	if errors.As(err, &problems) {
		return checkReport{Problems: problems}, nil
	}
	if err != nil {
		return checkReport{}, err
	}
	r := checkReport{OK: true, Warnings: loaded.Warnings}
	if err := loaded.Plan.Prepare(time.LoadLocation); err != nil {
		return r, err
	}
	r.Findings = loaded.Findings(nil, time.Now())
	for _, name := range loaded.Scenarios {
		s, err := runScenario(filepath.Join(dir, name), loaded.Plan, rewrite)
		if err != nil {
			return r, err
		}
		r.OK = r.OK && s.OK
		r.Scenarios = append(r.Scenarios, s)
	}
	return r, nil
}

func runScenario(path string, p *plan.Plan, rewrite bool) (scenarioReport, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return scenarioReport{}, err
	}
	script, err := scenario.Parse(path, string(text))
	if err != nil {
		return scenarioReport{Name: path, Report: err.Error()}, nil
	}
	res := scenario.Run(script, scenario.Options{Plan: p, Zones: time.LoadLocation, Load: planBeside(path)})
	if rewrite && !res.OK() {
		if err := os.WriteFile(path, []byte(res.Rewrite()), 0o644); err != nil {
			return scenarioReport{}, fmt.Errorf("rewrite scenario: %w", err)
		}
	}
	return scenarioReport{Name: path, Rule: script.Rule, OK: res.OK(), Report: res.Report()}, nil
}

// planBeside reads the plan that a scenario names, from the scenario's folder.
func planBeside(path string) func(scenario.Source) (*plan.Plan, error) {
	return func(src scenario.Source) (*plan.Plan, error) {
		loaded, err := loadSource(filepath.Dir(path), src)
		if err != nil {
			return nil, err
		}
		return loaded.Plan, loaded.Plan.Prepare(time.LoadLocation)
	}
}

func loadSource(dir string, src scenario.Source) (*config.Loaded, error) {
	opts := server.ConfigOptions(server.Channels(), nil)
	if src.Text != "" {
		return config.Load(oneFile(src.Text), opts)
	}
	root, err := os.OpenRoot(dir) // a scenario reads plans beside it and nothing else
	if err != nil {
		return nil, err
	}
	defer root.Close()
	text, err := fs.ReadFile(root.FS(), src.Name)
	if err != nil {
		return nil, err
	}
	return config.Load(oneFile(string(text)), opts)
}

func (r checkReport) print(w io.Writer, format string) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	for _, p := range append(r.Problems, r.Warnings...) {
		fmt.Fprintln(w, p.Show())
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	passed := 0
	for _, s := range r.Scenarios {
		if s.OK {
			passed++
			continue
		}
		fmt.Fprintf(w, "%s: does not hold\n%s\n", s.Name, s.Report)
	}
	if len(r.Problems) > 0 {
		fmt.Fprintf(w, "%d problems\n", len(r.Problems))
		return nil
	}
	fmt.Fprintf(w, "%d findings, %d of %d scenarios hold\n", len(r.Findings), passed, len(r.Scenarios))
	return nil
}
