package cli

import (
	"github.com/spf13/cobra"

	"tocsin/internal/api"
)

func heartbeatCommand(g *globals) *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List heartbeats and their state", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return do(cmd, g, request{method: "GET", path: "/heartbeats"}, func(t *table, l api.List[api.Heartbeat]) {
			t.row("ID", "STATE", "EVERY", "LAST PING", "LATE AT", "SERVICE")
			for _, h := range l.Items {
				t.row(h.ID, h.State, h.Every, h.LastPing, h.LateAt, h.Service)
			}
		})
	}}
	ping := &cobra.Command{Use: "ping HEARTBEAT", Short: "Say that it is alive", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd, g, request{method: "POST", path: "/heartbeats/" + id(args[0]) + "/ping"}, func(t *table, h api.Heartbeat) {
			t.pair("heartbeat", h.ID)
			t.pair("last ping", h.LastPing)
			t.pair("late at", h.LateAt)
		})
	}}
	return group("heartbeat", "Heartbeats: list, ping", list, ping)
}

func tokenCommand(g *globals) *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List your own API tokens", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return do(cmd, g, request{method: "GET", path: "/tokens"}, func(t *table, l api.List[api.Token]) {
			t.row("ID", "ROLE", "CREATED", "LAST USED", "EXPIRES", "NAME")
			for _, x := range l.Items {
				t.row(x.ID, x.Role, x.Created, x.LastUsed, x.Expires, x.Name)
			}
		})
	}}
	revoke := &cobra.Command{Use: "revoke TOKEN", Short: "End one of your own API tokens", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		return do(cmd, g, request{method: "DELETE", path: "/tokens/" + id(args[0])}, func(t *table, _ struct{}) { t.text("Revoked.") })
	}}
	return group("token", "API tokens: create, list, revoke", tokenCreate(g), list, revoke)
}

func tokenCreate(g *globals) *cobra.Command {
	var b api.TokenBody
	var expires string
	cmd := &cobra.Command{Use: "create NAME", Short: "Make an API token; its text is shown this once", Args: usage(cobra.ExactArgs(1)), RunE: func(cmd *cobra.Command, args []string) error {
		var err error
		if b.Expires, err = instant("expires", expires); err != nil {
			return err
		}
		b.Name = args[0]
		return do(cmd, g, request{method: "POST", path: "/tokens", body: b}, func(t *table, x api.NewToken) {
			t.pair("token", x.ID)
			t.pair("role", x.Role)
			t.pair("expires", x.Expires)
			t.pair("secret", x.Secret)
		})
	}}
	cmd.Flags().StringVar(&b.Role, "role", "viewer", "viewer, responder or admin; at most your own")
	cmd.Flags().StringVar(&expires, "expires", "", "when it ends, like 2027-01-01T00:00:00Z; never if absent")
	return cmd
}

func statusCommand(g *globals) *cobra.Command {
	return &cobra.Command{Use: "status", Short: "How Tocsin itself is, and how much is going on", Args: usage(cobra.NoArgs), RunE: func(cmd *cobra.Command, _ []string) error {
		return do(cmd, g, request{method: "GET", path: "/status"}, func(t *table, s api.Status) {
			t.pair("version", s.Version)
			t.pair("plan", s.Plan)
			t.pair("firing alerts", s.Firing)
			t.pair("pages waiting", s.Triggered)
			t.pair("pages acknowledged", s.Acknowledged)
			t.pair("pages muted", s.Muted)
			t.pair("open incidents", s.OpenIncidents)
			for _, x := range s.Symptoms {
				t.pair("WRONG", x.Text)
			}
			if s.OK {
				t.pair("itself", "well")
			}
		})
	}}
}
