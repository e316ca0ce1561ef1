// Command footbridge is the whole Footbridge client without a window.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build of a release.
var version = "0.1.0-dev"

// errInterrupted is why a context ended: the user pressed Ctrl-C, or somebody asked the program to end.
var errInterrupted = errors.New("interrupted")

func main() {
	// The first signal ends what is being done cleanly; after it the default handling is back, so that a second one kills.
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		signal.Stop(signals)
		cancel(errInterrupted)
	}()
	code := newApp(os.Stdin, os.Stdout, os.Stderr, os.Getenv).execute(ctx, os.Args[1:])
	os.Exit(code)
}
