// Command bench measures Tocsin on this machine and prints the figures of
// docs/benchmarks.md: the time from an event to the page at a webhook, the
// rate at which events are taken, the lateness of timers, and what it costs to
// have it. It drives the real binary over loopback, times everything from the
// moment an event was planned to be sent, and stops by itself after some
// minutes. It never judges: the targets are printed beside the figures.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// bench is one run of the program.
type bench struct {
	ctx    context.Context
	dir    string // everything it writes
	binary string
	short  time.Duration // of a closed loop
	long   time.Duration // of an open loop
	cold   bool
	cpu    string // where to write a profile of the wakes, or ""
}

// section is one table of figures.
type section struct {
	name string
	run  func(*bench) error
}

var sections = []section{
	{"machine", machine},
	{"size", size},
	{"start", start},
	{"idle", idle},
	{"page", page},
	{"accept", accept},
	{"storm", storm},
	{"wakes", wakes},
	{"slow-disk", slowDisk},
	{"peer", peer},
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	var b bench
	only := flag.String("only", "", "sections to run, as an expression: "+names())
	flag.DurationVar(&b.short, "short", 3*time.Second, "length of each closed loop")
	flag.DurationVar(&b.long, "long", 20*time.Second, "length of each open loop")
	flag.StringVar(&b.binary, "binary", "", "measure this binary instead of building one")
	flag.BoolVar(&b.cold, "cold", false, "also build with an empty cache, which takes minutes")
	flag.StringVar(&b.cpu, "cpuprofile", "", "write a CPU profile of the section wakes to this file")
	flag.Parse()
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("only: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	if b.dir, err = os.MkdirTemp("", "tocsin-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	if b.binary == "" {
		b.binary = filepath.Join(b.dir, "tocsin")
		if err := build(ctx, b.binary, os.Environ()); err != nil {
			return err
		}
	}
	fmt.Printf("`%s`, %s\n", strings.Join(append([]string{"go run ./internal/bench"}, os.Args[1:]...), " "), time.Now().UTC().Format("2006-01-02 15:04 MST"))
	for _, s := range sections {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !chosen.MatchString(s.name) {
			continue
		}
		fmt.Printf("\n### %s\n\n", s.name)
		if err := s.run(&b); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func names() string {
	var list []string
	for _, s := range sections {
		list = append(list, s.name)
	}
	return strings.Join(list, "|")
}

// table prints the head of a Markdown table.
func table(columns ...string) {
	row(columns...)
	fmt.Println("|" + strings.Repeat(" --- |", len(columns)))
}

func row(cells ...string) { fmt.Println("| " + strings.Join(cells, " | ") + " |") }
