package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"tocsin/internal/core/signal"
	"tocsin/internal/intake"
	"tocsin/internal/intake/webhook"
)

// previewReport is what `tocsin preview -o json` prints.
type previewReport struct {
	Signals []signal.Signal     `json:"signals"`
	Errors  []intake.FieldError `json:"errors"`
}

// previewCommand needs no server: a mapping and a body are all there is to it.
func previewCommand() *cobra.Command {
	var mapping, body, format string
	var headers []string
	c := &cobra.Command{Use: "preview --body FILE", Short: "Preview what the generic webhook would make of a request", Args: usage(cobra.NoArgs),
		Long: "Preview what the generic webhook would make of a request, without a server: its signals, and what is wrong with the mapping.\n" +
			"The mapping file holds CEL expressions by field (summary: event.title), or a plan file's `mapping:` with them below.\n" +
			"FILE may be - for the standard input. Exit code 1 if something is wrong.",
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "table" && format != "json" {
				return exit(ExitUsage, "-o is table or json, not %q", format)
			}
			fields, err := readMapping(mapping)
			if err != nil {
				return failed(err)
			}
			h, err := headerFlags(headers)
			if err != nil {
				return exit(ExitUsage, "%w", err)
			}
			data, err := readBody(c.InOrStdin(), body)
			if err != nil {
				return failed(err)
			}
			r := previewReport{Signals: []signal.Signal{}, Errors: []intake.FieldError{}}
			signals, errs := webhook.Preview(fields, h, data)
			r.Signals, r.Errors = append(r.Signals, signals...), append(r.Errors, errs...)
			if err := r.print(c.OutOrStdout(), format); err != nil {
				return err
			}
			if len(r.Errors) > 0 {
				return &coded{code: ExitProblem, err: fmt.Errorf("%d mistakes", len(r.Errors)), silent: true}
			}
			return nil
		}}
	c.Flags().StringVar(&mapping, "mapping", "", "file with the mapping; without it the usual names are read")
	c.Flags().StringVar(&body, "body", "", "file with the request's body")
	c.Flags().StringArrayVarP(&headers, "header", "H", nil, "header of the request, as 'Name: value'; may be repeated")
	c.Flags().StringVarP(&format, "output", "o", "table", "table or json")
	_ = c.MarkFlagRequired("body") // only a flag that does not exist is an error
	return c
}

func readBody(in io.Reader, name string) ([]byte, error) {
	if name != "-" {
		return os.ReadFile(name)
	}
	return io.ReadAll(io.LimitReader(in, intake.MaxBody+1))
}

// readMapping reads a mapping file: the fields themselves, or below mapping.
func readMapping(name string) (map[string]string, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var whole struct {
		Mapping map[string]string `yaml:"mapping"`
	}
	if err := yaml.Unmarshal(text, &whole); err == nil && whole.Mapping != nil {
		return whole.Mapping, nil
	}
	fields := map[string]string{}
	if err := yaml.Unmarshal(text, &fields); err != nil {
		return nil, fmt.Errorf("%s is not a mapping of fields to CEL expressions: %w", name, err)
	}
	return fields, nil
}

func headerFlags(list []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range list {
		name, value, ok := strings.Cut(line, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("header %q is not like Name: value", line)
		}
		h.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return h, nil
}

func (r previewReport) print(w io.Writer, format string) error {
	if format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	tab := &table{w: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	for i, s := range r.Signals {
		if i > 0 {
			tab.text("")
		}
		tab.pair("action", s.Action)
		tab.pair("dedup key", s.DedupKey)
		tab.pair("summary", s.Summary)
		tab.pair("severity", s.Severity)
		tab.pair("source", s.Source)
		tab.pair("service", s.Service)
		for _, n := range slices.Sorted(maps.Keys(s.Labels)) {
			tab.pair("label "+n, s.Labels[n])
		}
		for _, l := range s.Links {
			tab.pair("link", l.Href)
		}
	}
	if err := tab.w.Flush(); err != nil {
		return err
	}
	for _, e := range r.Errors {
		fmt.Fprintln(w, e.Error())
	}
	return nil
}
