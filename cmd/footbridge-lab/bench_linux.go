package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/bench"
)

func benchCommand() *cobra.Command {
	var options bench.Options
	var gateway, markdown string
	command := &cobra.Command{
		Use:   "bench",
		Short: "Measure footbridge and OpenVPN's client in turn against the same gateways",
		Long: `Measure footbridge and OpenVPN's client in turn against the same gateways, OpenVPN's and the built-in one: throughput, processor time, memory,
latency, time to the first ping, and time to set many pushed routes. It takes some minutes and wants an otherwise idle computer. It needs root,
openvpn and iperf3.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			if options.Footbridge == "" {
				options.Footbridge = filepath.Join(filepath.Dir(self), "footbridge")
			}
			if options.Footbridge, err = filepath.Abs(options.Footbridge); err != nil {
				return err
			}
			switch gateway {
			case "both":
			case string(lab.OpenVPN), string(lab.BuiltIn):
				options.Gateways = []lab.Kind{lab.Kind(gateway)}
			default:
				return fmt.Errorf("--gateway: %q is none of both, %s, %s", gateway, lab.OpenVPN, lab.BuiltIn)
			}
			options.Progress = command.ErrOrStderr()
			options.Logger = slog.New(slog.NewTextHandler(command.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
			return inNamespaces(func() error { return runBench(command, options, markdown) })
		},
	}
	flags := command.Flags()
	flags.BoolVar(&options.Quick, "quick", false, "a first look, in a minute or so")
	flags.StringVar(&gateway, "gateway", "both", "which gateway: openvpn, builtin or both")
	flags.StringVar(&markdown, "markdown", "", "write the result as a document to this file too")
	flags.StringVar(&options.Footbridge, "footbridge", "", "path of the footbridge program (default beside this one)")
	return command
}

func runBench(command *cobra.Command, options bench.Options, markdown string) error {
	report, err := bench.Run(command.Context(), options)
	if err != nil {
		return err
	}
	if err := report.WriteText(command.OutOrStdout()); err != nil {
		return err
	}
	if markdown == "" {
		return nil
	}
	file, err := os.Create(markdown)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := report.WriteMarkdown(file); err != nil {
		file.Close()
		return fmt.Errorf("write report: %w", err)
	}
	return file.Close()
}
