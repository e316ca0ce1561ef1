package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

func downCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "Take labs down, also what is left of those that were killed",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			count, err := lab.Down(command.Context())
			if err == nil && count == 0 {
				fmt.Fprintln(command.OutOrStdout(), "No lab is up.")
			}
			return err
		},
	}
}

func statusCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "status",
		Short: "Say which lab is up; exit code 1 where there is none",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			state, err := lab.Running()
			switch {
			case errors.Is(err, lab.ErrNoLab):
				fmt.Fprintln(command.OutOrStdout(), "No lab is up.")
				return exitError(1)
			case err != nil:
				return err
			case asJSON:
				return json.NewEncoder(command.OutOrStdout()).Encode(state)
			}
			return describe(command.OutOrStdout(), state)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return command
}

func execCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "exec laptop|gateway -- COMMAND [ARGUMENT…]",
		Short:   "Run a command on one of the lab's computers",
		Example: "  footbridge-lab exec laptop -- ip route",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			state, err := lab.Running()
			if err != nil {
				return err
			}
			path, arguments, err := state.Enter(args[0], args[1:]...)
			if err != nil {
				return err
			}
			if err := syscall.Exec(path, arguments, os.Environ()); err != nil {
				return fmt.Errorf("run %s: %w", strings.Join(arguments, " "), err)
			}
			return nil
		},
	}
}
