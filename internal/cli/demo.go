package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tocsin/internal/drill/shop"
)

// demoFlags are the flags of `tocsin demo`.
type demoFlags struct {
	listen, dataDir, logLevel string
	seed                      uint64
	calm, check               bool
}

// checkBound is how long `tocsin demo --check` may take as a whole.
const checkBound = 60 * time.Second

func demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{Use: "demo", Short: "See one incident from end to end on this machine", Args: cobra.NoArgs,
		Long: "Start Tocsin with a sample plan, a small real shop that it watches, sample people with telephones to look at, and a guide through\n" +
			"one incident. It needs nothing else, listens to this machine only, and leaves nothing behind.\n\n" +
			"With --check it goes through the guide by itself and says what came when: exit code 0, or 1 naming the step that did not come.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := runDemo(c.Context(), f, c.OutOrStdout(), c.ErrOrStderr()); err != nil {
				return failed(err)
			}
			return nil
		}}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8480", "loopback address; if it is taken, a free port is used")
	c.Flags().StringVar(&f.dataDir, "data-dir", "", "folder to keep everything in (default a temporary one, removed at the end)")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "seed of the shop's own troubles")
	c.Flags().BoolVar(&f.calm, "calm", false, "the shop breaks only when you break it")
	c.Flags().BoolVar(&f.check, "check", false, "go through the guide without a browser and exit")
	c.Flags().StringVar(&f.logLevel, "log-level", "warn", "debug, info, warn or error")
	return c
}

func runDemo(ctx context.Context, f demoFlags, out, errOut io.Writer) (err error) {
	if !shop.Loopback(f.listen) {
		return fmt.Errorf("listen: %s is not a loopback address; here a button signs in without a password", f.listen)
	}
	log, err := logger(errOut, "text", f.logLevel)
	if err != nil {
		return err
	}
	dir, clean, err := demoFolder(f.dataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clean()) }()
	if f.check {
		return checkDemo(ctx, f, demoPlace{dir: dir, log: log}, out)
	}
	d, err := newDemo(ctx, f, demoPlace{dir: dir, log: log})
	if err != nil {
		return err
	}
	return d.run(ctx, func(context.Context) error {
		d.greet(out, f)
		return nil
	})
}

// demoFolder is where everything of the demo lies, and how it is removed.
func demoFolder(keep string) (dir string, clean func() error, err error) {
	if keep != "" {
		if err := os.MkdirAll(keep, 0o700); err != nil {
			return "", nil, fmt.Errorf("make the data folder: %w", err)
		}
		return keep, func() error { return nil }, nil
	}
	dir, err = os.MkdirTemp("", "tocsin-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	return dir, func() error {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove the temporary folder: %w", err)
		}
		return nil
	}, nil
}

func (d *demo) greet(out io.Writer, f demoFlags) {
	fmt.Fprintf(out, "\nTocsin, a demo on this machine\n\n")
	fmt.Fprintf(out, "  Open   %s/demo\n         a guide through one incident: break the shop, see who is paged, and why\n", d.server.URL())
	if d.moved {
		fmt.Fprintf(out, "         (%s is taken, so it is another port)\n", f.listen)
	}
	troubles := "It breaks by itself now and then, and when you press a button."
	if f.calm {
		troubles = "It breaks when you press a button."
	}
	fmt.Fprintf(out, "  Shop   %s\n         a real program. %s\n", d.shop.URL(), troubles)
	ends := "Everything is removed then."
	if f.dataDir != "" {
		ends = "What happened stays in " + f.dataDir + "."
	}
	fmt.Fprintf(out, "  Stop   Ctrl-C. %s\n\nReal: the shop, the checks, the paging engine, its database. Simulated: the people, their phones and mailboxes.\n\n", ends)
}

// checkDemo goes through the guide without a browser.
func checkDemo(ctx context.Context, f demoFlags, place demoPlace, out io.Writer) error {
	ctx, cancel := context.WithTimeoutCause(ctx, checkBound, fmt.Errorf("%s are over", checkBound))
	defer cancel()
	began := time.Now()
	f.calm = true
	d, err := newDemo(ctx, f, place)
	if err != nil {
		return err
	}
	say := func(title, text string) {
		fmt.Fprintf(out, "%6.2f s  %-36s %s\n", time.Since(began).Seconds(), title, text)
	}
	finished := errors.New("finished")
	err = d.run(ctx, func(ctx context.Context) error {
		say("Tocsin is ready", d.server.URL())
		if err := d.rehearse(ctx, say); err != nil {
			return err
		}
		return finished
	})
	if !errors.Is(err, finished) {
		if err == nil {
			err = context.Cause(ctx) // stopped from outside
		}
		return fmt.Errorf("the demo does not hold: %w", err)
	}
	say("All of it came", "and everything was stopped and removed")
	return nil
}

// taken says whether an address cannot be had because somebody has it.
func taken(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// demoPlace is where a demo runs and what it logs to.
type demoPlace struct {
	dir string
	log *slog.Logger
}

func (p demoPlace) plan() string { return filepath.Join(p.dir, "plan") }

// anyPort is the same host with a port that is free.
func anyPort(listen string) string {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return "127.0.0.1:0"
	}
	return net.JoinHostPort(host, "0")
}
