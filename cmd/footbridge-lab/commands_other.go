//go:build !linux

package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// commands say that the lab is made of what only Linux has.
func commands() []*cobra.Command {
	var all []*cobra.Command
	for _, name := range []string{"up", "down", "status", "exec", "demo", "bench", "entra"} {
		all = append(all, &cobra.Command{
			Use:   name,
			Short: "needs Linux",
			RunE: func(*cobra.Command, []string) error {
				return errors.New("the lab is made of network namespaces, which only Linux has: run it on Linux or in a virtual machine")
			},
			DisableFlagParsing: true,
		})
	}
	return all
}
