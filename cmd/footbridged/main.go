// Command footbridged is the service that runs tunnels for users without privileges.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/fleet"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/client/service"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

// version is set by the build of a release.
var version = "0.1.0-dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// The exit codes, which are those of footbridge.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line is wrong
)

// execute runs a command line and returns the exit code.
func execute(ctx context.Context, arguments []string, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(arguments)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(stderr, "footbridged: "+err.Error())
	if !understood {
		fmt.Fprintln(stderr, "See: "+command.CommandPath()+" --help")
		return exitUsage
	}
	return exitFailed
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "footbridged",
		Short:         "Run tunnels for the users of this computer",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(runCommand(), cleanupCommand(), checkPolicyCommand())
	return root
}

type runFlags struct{ socket, stateDir, policy, profiles, fleet, drop, group, level string }

func runCommand() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "Serve in the foreground until it is told to end",
		Long: `Serve in the foreground until it is told to end with SIGTERM or SIGINT. SIGHUP reads the policy and the machine profiles anew;
changes of their files are noticed by themselves.`,
		Example: "  footbridged run --socket /run/footbridge/footbridged.sock",
		Args:    cobra.NoArgs,
		RunE:    func(command *cobra.Command, _ []string) error { return run(command.Context(), flags) },
	}
	f := command.Flags()
	f.StringVar(&flags.socket, "socket", api.DefaultSocket, "where to listen: `PATH` of the socket, unless systemd hands a socket over")
	f.StringVar(&flags.stateDir, "state-dir", host.DefaultStateDir, "`FOLDER` where journals, history and the log are kept")
	f.StringVar(&flags.policy, "config", policy.DefaultPath, "`FILE` with the administrator's policy; without it everything is left to users")
	f.StringVar(&flags.profiles, "profiles", store.MachineDir, "`FOLDER` of machine profiles")
	f.StringVar(&flags.fleet, "fleet", fleet.SourcePath(), "the administrator's `FILE` that names a manifest to follow; without it none is followed")
	f.StringVar(&flags.drop, "drop-folder", fleet.DropFolderPath(), "`FOLDER` that deployment tools put profiles into")
	f.StringVar(&flags.group, "group", "", "members of this `GROUP` may connect without being logged in here")
	f.StringVar(&flags.level, "log-level", "info", "what to log (`LEVEL`): debug, info, warn or error")
	return command
}

// run puts right what a killed service left, then serves.
func run(ctx context.Context, flags runFlags) error {
	logger, log, err := openLog(flags)
	if err != nil {
		return err
	}
	defer log.Close()
	listener, err := service.Listen(flags.socket) // first: it refuses where another service is running
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := host.Cleanup(ctx, flags.stateDir, logger); err != nil {
		logger.Error("computer not put right", "error", err)
	}
	running := service.New(service.Options{Access: service.Access{Group: flags.group}, StateDir: flags.stateDir, Policy: flags.policy,
		Profiles: flags.profiles, Fleet: flags.fleet, Drop: flags.drop, Log: log, Version: version, Logger: logger})
	stopReloading := reloadOnHangup(running)
	defer stopReloading()
	stopNotifying, err := notifyReady(ctx, logger, running.Alive)
	if err != nil {
		return err
	}
	defer stopNotifying()
	logger.Info("service started", "version", version, "socket", flags.socket)
	err = running.Serve(ctx, listener)
	logger.Info("service stopped", "error", err)
	return err
}

// openLog logs to a file that callers may ask for, and to standard error, which systemd's journal keeps.
func openLog(flags runFlags) (*slog.Logger, *logfile.Log, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(flags.level)); err != nil {
		return nil, nil, fmt.Errorf("read --log-level: %w", err)
	}
	log, err := logfile.Open(filepath.Join(flags.stateDir, "log", "footbridged.log"), level)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(log.Handler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))), log, nil
}

// reloadOnHangup reads the administrator's files anew on SIGHUP.
func reloadOnHangup(running *service.Service) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range hangups {
			running.Reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-done
	}
}

func cleanupCommand() *cobra.Command {
	var stateDir string
	command := &cobra.Command{
		Use:     "cleanup",
		Short:   "Undo what tunnels that were killed left on this computer",
		Example: "  sudo footbridged cleanup",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return host.Cleanup(command.Context(), stateDir, slog.New(slog.NewTextHandler(os.Stderr, nil)))
		},
	}
	command.Flags().StringVar(&stateDir, "state-dir", host.DefaultStateDir, "`FOLDER` where tunnels keep their journals")
	return command
}

func checkPolicyCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "check-policy [FILE]",
		Short:   "Say what is wrong with a policy before it is put in place",
		Example: "  footbridged check-policy policy.toml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			path := policy.DefaultPath
			if len(args) > 0 {
				path = args[0]
			}
			if _, err := os.Stat(path); err != nil {
				return fmt.Errorf("check policy: %w", err)
			}
			if _, err := policy.Read(path, nil); err != nil {
				return err
			}
			fmt.Fprintln(command.OutOrStdout(), path+" can be followed.")
			return nil
		},
	}
}
