package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// machine says what the figures were measured on, and what a sync costs there:
// on many virtual disks it is a call into the hypervisor and no more.
func machine(b *bench) error {
	info, _ := os.ReadFile("/proc/cpuinfo")
	model := "unknown"
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	sync, err := syncCost(b.dir)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d cores, %s/%s, %s; load before: %s\n\n", model, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), firstWords(string(load), 3))
	fmt.Printf("fsync after 4 KiB appended: p50 %s ms, p99 %s ms. An ordinary SSD needs 0.5 to 1 ms, a poor volume 5 to 10 ms.\n",
		ms(sync.quantile(.5)), ms(sync.quantile(.99)))
	return nil
}

func firstWords(s string, n int) string {
	f := strings.Fields(s)
	return strings.Join(f[:min(n, len(f))], " ")
}

func syncCost(dir string) (*figures, error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	block := bytes.Repeat([]byte{7}, 4096)
	var out figures
	for range 2000 {
		if _, err := f.Write(block); err != nil {
			return nil, err
		}
		began := time.Now()
		if err := f.Sync(); err != nil {
			return nil, err
		}
		out.add(time.Since(began))
	}
	return &out, nil
}

func build(ctx context.Context, path string, env []string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "tocsin")
	cmd.Env = append(env, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	return nil
}

// size is what it costs to have the program.
func size(b *bench) error {
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(b.ctx, "go", "version", "-m", b.binary).Output()
	if err != nil {
		return fmt.Errorf("modules: %w", err)
	}
	modules := bytes.Count(out, []byte("\n\tdep\t"))
	table("what", "figure")
	row("binary, stripped", fmt.Sprintf("%.1f MB", float64(info.Size())/1e6))
	row("modules in it", fmt.Sprint(modules))
	if !b.cold {
		return nil
	}
	cache, err := os.MkdirTemp(b.dir, "cache")
	if err != nil {
		return err
	}
	began := time.Now()
	err = build(b.ctx, filepath.Join(b.dir, "cold"), append(os.Environ(), "GOCACHE="+cache))
	row("build with an empty cache, modules at hand", fmt.Sprintf("%.0f s", time.Since(began).Seconds()))
	return errors.Join(err, os.RemoveAll(cache))
}
