// Command footbridge-lab makes a gateway like Azure's on this computer, for demos, tests and development.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the build of a release.
var version = "0.1.0-dev"

func main() {
	os.Exit(run())
}

func run() int {
	// The first signal takes everything down in order; after it the default handling is back, so that a second one kills.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	go func() {
		<-ctx.Done()
		stop()
	}()
	root := &cobra.Command{
		Use:           "footbridge-lab",
		Short:         "A gateway like Azure's on this computer, for demos, tests and development",
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(commands()...)
	if err := root.ExecuteContext(ctx); err != nil {
		if message := err.Error(); message != "" {
			fmt.Fprintln(os.Stderr, "footbridge-lab: "+message)
		}
		return exitCode(err)
	}
	return 0
}
