package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// setSwitchesCommand flips switches of a part of the lab. off says what that value does, and known lists the switches.
func setSwitchesCommand(off, known, example string, set func(context.Context, map[string]string) error) *cobra.Command {
	return &cobra.Command{
		Use:     "set SWITCH=VALUE…",
		Short:   "Flip switches",
		Long:    "Flip switches, all of those given or none. " + off + "\n\n" + known,
		Example: example,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			changes := map[string]string{}
			for _, arg := range args {
				name, value, found := strings.Cut(arg, "=")
				if !found {
					return fmt.Errorf("%q is not of the form SWITCH=VALUE", arg)
				}
				changes[name] = value
			}
			return set(command.Context(), changes)
		},
	}
}

// showSwitchesCommand says how a part of the lab is set.
func showSwitchesCommand(read func(context.Context) (map[string]string, error)) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Say how the switches are set",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			values, err := read(command.Context())
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(values)) {
				fmt.Fprintf(command.OutOrStdout(), "%s=%s\n", name, values[name])
			}
			return nil
		},
	}
}
