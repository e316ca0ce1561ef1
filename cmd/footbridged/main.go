// Command footbridged is the service that runs tunnels for users without privileges.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/service"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

// version is set by the build of a release.
var version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := rootCommand().ExecuteContext(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "footbridged: "+err.Error())
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "footbridged",
		Short:         "Run tunnels for the users of this computer",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(runCommand(), cleanupCommand())
	return root
}

func runCommand() *cobra.Command {
	var socket, stateDir, group, level string
	command := &cobra.Command{
		Use:     "run",
		Short:   "Serve in the foreground until it is told to end",
		Example: "  footbridged run --socket /run/footbridge/footbridged.sock",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			logger, err := newLogger(level)
			if err != nil {
				return err
			}
			return run(command.Context(), socket, service.Options{Access: service.Access{Group: group}, StateDir: stateDir, Version: version, Logger: logger})
		},
	}
	f := command.Flags()
	f.StringVar(&socket, "socket", api.DefaultSocket, "where to listen")
	f.StringVar(&stateDir, "state-dir", host.DefaultStateDir, "where tunnels keep their journals")
	f.StringVar(&group, "group", "", "members of this group may connect without being logged in here")
	f.StringVar(&level, "log-level", "info", "debug, info, warn or error")
	return command
}

// run puts right what a killed service left, then serves.
func run(ctx context.Context, socket string, options service.Options) error {
	logger := options.Logger
	listener, err := service.Listen(socket) // first: it refuses where another service is running
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := host.Cleanup(ctx, options.StateDir, logger); err != nil {
		logger.Error("computer not put right", "error", err)
	}
	stopNotifying, err := notifyReady(ctx, logger)
	if err != nil {
		return err
	}
	defer stopNotifying()
	logger.Info("service started", "version", version, "socket", socket)
	err = service.New(options).Serve(ctx, listener)
	logger.Info("service stopped", "error", err)
	return err
}

func newLogger(name string) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return nil, fmt.Errorf("read --log-level: %w", err)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})), nil
}

func cleanupCommand() *cobra.Command {
	var stateDir string
	command := &cobra.Command{
		Use:     "cleanup",
		Short:   "Undo what tunnels that were killed left on this computer",
		Example: "  sudo footbridged cleanup",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			logger, err := newLogger("info")
			if err != nil {
				return err
			}
			return host.Cleanup(command.Context(), stateDir, logger)
		},
	}
	command.Flags().StringVar(&stateDir, "state-dir", host.DefaultStateDir, "where tunnels keep their journals")
	return command
}
