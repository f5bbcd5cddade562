package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

func hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// peer gives Debian's Alertmanager the same work where it does the same: it
// keeps alerts in memory and answers before anything is on disk, and its
// webhook tells of a group without asking who is on call. It sends one message
// a group, so each alert is a group here too.
func peer(b *bench) error {
	path, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		fmt.Println("prometheus-alertmanager is not here.")
		return nil
	}
	table("POST /api/v2/alerts", "1 client", "16 clients", "64 clients", "p99 ms at 64", "429 at 64")
	for _, size := range []int{1, 10, 100, 256} {
		err := b.withPeer(path, func(url string, _ *hook) error {
			rates, err := b.rising(url, prometheus("/api/v2/alerts", size))
			row(append([]string{fmt.Sprintf("%d a request", size)}, rates...)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	fmt.Println()
	table("alerts a second", "alerts", "POST to 200, p50 / p99 ms", "POST to webhook, p50 / p99 / max ms, group_wait 0s")
	for _, perSecond := range []float64{50, 500} {
		err := b.withPeer(path, func(url string, h *hook) error {
			planned, answered, err := b.open(url, prometheus("/api/v2/alerts", 1), perSecond)
			if err != nil {
				return err
			}
			told, err := h.await(planned)
			if err != nil {
				return err
			}
			row(rate(perSecond), fmt.Sprint(told.n()), ms(answered.quantile(.5))+" / "+ms(answered.quantile(.99)),
				ms(told.quantile(.5))+" / "+ms(told.quantile(.99))+" / "+ms(told.quantile(1)))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// withPeer runs fn against a fresh Alertmanager.
func (b *bench) withPeer(path string, fn func(url string, h *hook) error) error {
	h, err := newHook()
	if err != nil {
		return err
	}
	defer h.close()
	dir, err := os.MkdirTemp(b.dir, "peer")
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "alertmanager.yml")
	text := fmt.Sprintf("route: {receiver: machine, group_by: ['...'], group_wait: 0s, group_interval: 5m}\nreceivers:\n- name: machine\n  webhook_configs: [{url: %q}]\n", h.url)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	_ = l.Close()
	cmd := exec.Command(path, "--config.file="+config, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=", "--log.level=error")
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	if err := awaitReady("http://" + addr + "/-/ready"); err != nil {
		return err
	}
	return fn("http://"+addr, h)
}
