package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience bounds every wait for a process.
const patience = 60 * time.Second

// tocsin is a server under test.
type tocsin struct {
	url   string
	cmd   *exec.Cmd
	over  chan error
	ready time.Duration // from exec to the first "ready"
}

// setup says what to start. Before stands before the binary, as `strace` does.
type setup struct {
	plan   string
	data   string // fresh if empty
	before []string
}

func (b *bench) start(s setup) (*tocsin, error) {
	folder, err := os.MkdirTemp(b.dir, "plan")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(folder, "plan.yaml"), []byte(s.plan), 0o600); err != nil {
		return nil, err
	}
	if s.data == "" {
		if s.data, err = os.MkdirTemp(b.dir, "data"); err != nil {
			return nil, err
		}
	}
	words := append(append([]string{}, s.before...), b.binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", s.data, "--plan", folder,
		"--allow-network", "127.0.0.0/8", "--log-format", "json")
	x := &tocsin{cmd: exec.Command(words[0], words[1:]...), over: make(chan error, 1)}
	out, err := x.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := x.cmd.Start(); err != nil {
		return nil, err
	}
	url := make(chan string, 1)
	go func() {
		listenForReady(out, url)
		x.over <- x.cmd.Wait()
	}()
	select {
	case x.url = <-url:
	case err := <-x.over:
		return nil, fmt.Errorf("ended before it was ready: %w", err)
	case <-time.After(patience):
		_ = x.cmd.Process.Kill()
		return nil, errors.New("is not ready in time")
	}
	if err := awaitReady(x.url + "/-/ready"); err != nil {
		return nil, errors.Join(err, x.stop())
	}
	x.ready = time.Since(began)
	return x, nil
}

// listenForReady reads the log to its end and passes the address on.
func listenForReady(r io.Reader, url chan<- string) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		var entry struct{ Level, Msg, URL string }
		if json.Unmarshal(line, &entry) == nil {
			if entry.Msg == "ready" {
				url <- entry.URL
			}
			if entry.Level == "ERROR" {
				fmt.Fprintf(os.Stderr, "tocsin: %s", line)
			}
		}
		if err != nil {
			return
		}
	}
}

func awaitReady(url string) error {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		resp, err := http.Get(url)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return fmt.Errorf("%s never answers 200", url)
}

// stop ends the process as an operator does.
func (x *tocsin) stop() error {
	if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case err := <-x.over:
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("does not stop"), x.cmd.Process.Kill())
	}
}

// cost is what the system says of a process.
type cost struct {
	cpu      time.Duration
	resident int64 // bytes
}

func (x *tocsin) cost() (cost, error) {
	dir := filepath.Join("/proc", strconv.Itoa(x.cmd.Process.Pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return cost{}, err
	}
	// The name, in brackets, may hold spaces; what follows does not.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	pages, _ := strconv.ParseInt(fields[21], 10, 64)
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
	return cost{cpu: time.Duration(user+system) * tick, resident: pages * int64(os.Getpagesize())}, nil
}

// meter tells a server's share of the machine from everybody else's, so that a
// figure taken on a busy machine shows it.
type meter struct {
	x      *tocsin
	began  time.Time
	server cost
	self   time.Duration
	all    time.Duration
}

func newMeter(x *tocsin) (m meter, err error) {
	m.x, m.began = x, time.Now()
	if m.server, err = x.cost(); err != nil {
		return m, err
	}
	if m.self, err = ownCPU(); err != nil {
		return m, err
	}
	m.all, err = allCPU()
	return m, err
}

// read returns the server's share of one core and that of everybody who is
// neither it nor this program, in percent of one core.
func (m meter) read() (server, others float64, err error) {
	now, err := newMeter(m.x)
	if err != nil {
		return 0, 0, err
	}
	of := func(d time.Duration) float64 { return 100 * d.Seconds() / now.began.Sub(m.began).Seconds() }
	s, self := now.server.cpu-m.server.cpu, now.self-m.self
	return of(s), max(0, of(now.all-m.all-s-self)), nil
}

func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// allCPU is the busy time of all cores since the system started.
func allCPU() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(stat), "\n")
	var busy int64
	for i, f := range strings.Fields(first)[1:] {
		if n, err := strconv.ParseInt(f, 10, 64); err == nil && i != 3 && i != 4 && i < 8 { // neither idle nor waiting for the disk
			busy += n
		}
	}
	return time.Duration(busy) * 10 * time.Millisecond, nil
}
