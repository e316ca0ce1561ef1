package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/demo"
)

// fetchName is the command that the demo runs on its laptop. It is for nobody else.
const fetchName = "fetch"

func demoCommand() *cobra.Command {
	var flags labFlags
	var footbridge string
	command := &cobra.Command{
		Use:   "demo",
		Short: "Show a tunnel from a laptop to a gateway, step by step, and take everything down",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			options, err := flags.options()
			if err != nil {
				return err
			}
			if !slices.Contains(options.Authentications, azurezip.Certificate) {
				return errors.New("--auth: the demonstration signs in with a certificate")
			}
			self, err := os.Executable()
			if err != nil {
				return err
			}
			if footbridge == "" {
				footbridge = filepath.Join(filepath.Dir(self), "footbridge")
			}
			return inNamespaces(func() error {
				return demo.Run(command.Context(), demo.Options{
					Lab: options, Footbridge: footbridge, Fetch: []string{self, fetchName}, Out: command.OutOrStdout(),
				})
			})
		},
	}
	flags.add(command)
	command.Flags().StringVar(&footbridge, "footbridge", "", "path of the footbridge program (default beside this one)")
	return command
}

func fetchCommand() *cobra.Command {
	return &cobra.Command{
		Use:    fetchName + " URL COUNT",
		Short:  "Fetch a page",
		Args:   cobra.ExactArgs(2),
		Hidden: true,
		RunE: func(command *cobra.Command, args []string) error {
			count, err := strconv.Atoi(args[1])
			if err != nil {
				return err
			}
			return demo.Fetch(command.Context(), args[0], count, command.OutOrStdout())
		},
	}
}
