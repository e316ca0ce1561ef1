package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"
)

// notifyReady tells systemd that the service is ready (sd_notify(3)), that it is stopping once ctx ends, and keeps the watchdog quiet until stop is
// called, for as long as alive returns: systemd restarts a service that hangs. Without systemd it does nothing.
func notifyReady(ctx context.Context, logger *slog.Logger, alive func()) (stop func(), err error) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return func() {}, nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("notify systemd: %w", err)
	}
	tell := func(state string) {
		if _, err := conn.Write([]byte(state)); err != nil {
			logger.Warn("systemd not notified", "state", state, "error", err)
		}
	}
	tell("READY=1")
	silent := context.AfterFunc(ctx, func() { tell("STOPPING=1") })
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		period := watchdogPeriod()
		if period == 0 {
			<-done
			return
		}
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		lives := make(chan struct{}, 1)
		asking := false
		for {
			select {
			case <-ticker.C:
				if !asking {
					asking = true
					go func() { alive(); lives <- struct{}{} }()
				}
			case <-lives:
				asking = false
				tell("WATCHDOG=1")
			case <-done:
				return
			}
		}
	}()
	return func() {
		silent()
		close(done)
		<-ended
	}, nil
}

// watchdogPeriod is half of what systemd allows; 0: there is no watchdog.
func watchdogPeriod() time.Duration {
	microseconds, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || microseconds < 2 {
		return 0
	}
	return time.Duration(microseconds) * time.Microsecond / 2
}
