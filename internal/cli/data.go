package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tocsin/internal/auth"
	"tocsin/internal/server"
)

func migrateCommand() *cobra.Command {
	var f serverFlags
	c := &cobra.Command{Use: "migrate", Short: "Bring the database's schema up to date", Args: cobra.NoArgs,
		Long: "Bring the database's schema up to date and exit. `tocsin serve` does the same at its start; this is for those who want it as a step of its own.",
		RunE: func(c *cobra.Command, _ []string) error {
			o, err := f.build(c)
			if err != nil {
				return err
			}
			st, err := server.OpenStore(c.Context(), o)
			if err != nil {
				return failed(err)
			}
			fmt.Fprintln(c.OutOrStdout(), "the schema is up to date")
			return st.Close()
		}}
	f.database(c.Flags())
	return c
}

func backupCommand() *cobra.Command {
	var f serverFlags
	c := &cobra.Command{Use: "backup FILE", Short: "Copy the embedded database while it is in use", Args: cobra.ExactArgs(1),
		Long: "Write a consistent copy of the embedded database to FILE, which must not exist. The server may be running.\nTo restore, stop the server, move tocsin.db, tocsin.db-wal and tocsin.db-shm away, and put the copy in place of tocsin.db.",
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.build(c)
			if err != nil {
				return err
			}
			size, err := server.Backup(c.Context(), o, args[0])
			if err != nil {
				return failed(err)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %d bytes\n", args[0], size)
			return nil
		}}
	f.database(c.Flags())
	return c
}

// accountCommand mends what can only be mended on the machine itself.
func accountCommand() *cobra.Command {
	var f serverFlags
	root := &cobra.Command{Use: "account", Short: "Reset a password on the machine itself"}
	reset := &cobra.Command{Use: "reset USER", Short: "Set a new password, read from the terminal or standard input; stop the server first", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o, err := f.build(c)
			if err != nil {
				return err
			}
			password, err := readPassword(c)
			if err != nil {
				return err
			}
			st, err := server.OpenStore(c.Context(), o)
			if err != nil {
				return failed(err)
			}
			err = auth.New(st, time.Now).ResetPassword(c.Context(), args[0], password)
			if err := errors.Join(err, st.Close()); err != nil {
				return failed(err)
			}
			fmt.Fprintln(c.OutOrStdout(), "done; every session of", args[0], "has ended")
			return nil
		}}
	f.database(reset.Flags())
	root.AddCommand(reset)
	return root
}

func readPassword(c *cobra.Command) (string, error) {
	if in, ok := c.InOrStdin().(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(c.ErrOrStderr(), "New password: ")
		b, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(c.ErrOrStderr())
		return string(b), err
	}
	line, err := bufio.NewReader(c.InOrStdin()).ReadString('\n')
	if line == "" && err != nil {
		return "", fmt.Errorf("no password on standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
