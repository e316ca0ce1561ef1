package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/standalone"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

func (a *app) cleanupCommand() *cobra.Command {
	var stateDir string
	command := &cobra.Command{
		Use:     "cleanup [flags]",
		Example: "  sudo footbridge cleanup",
		Args:    exactly(0),
		RunE: func(command *cobra.Command, _ []string) error {
			logger := slog.New(slog.NewTextHandler(a.err, nil))
			if err := host.Cleanup(command.Context(), stateDir, logger); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(repairResult{newDocument(), "program", []string{}, []string{}})
			}
			return nil
		},
	}
	command.Flags().StringVar(&stateDir, "state-dir", standalone.DefaultStateDir(), "")
	return command
}
