package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/standalone"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

func cleanupCommand() *cobra.Command {
	var stateDir string
	command := &cobra.Command{
		Use:   "cleanup",
		Short: "Undo what tunnels that were killed left on this computer",
		Long: `Undo what tunnels that were killed left on this computer: routes, addresses, DNS settings and devices.
Running tunnels are left alone. It needs root or the CAP_NET_ADMIN capability, and works without any memory of what was changed.`,
		Example: "  sudo footbridge cleanup",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
			return host.Cleanup(command.Context(), stateDir, logger)
		},
	}
	command.Flags().StringVar(&stateDir, "state-dir", standalone.DefaultStateDir(), "where tunnels keep their journals")
	return command
}
