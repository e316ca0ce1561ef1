package netmon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

const (
	// checkEvery is how often the clocks are compared.
	checkEvery = 5 * time.Second
	// sleepAtLeast is the time in suspend that counts as sleep.
	sleepAtLeast = 2 * time.Second
	// jumpAtLeast is how far the time of day must run ahead to say that the computer did not run: a paused virtual machine
	// does not know that it was. Smaller jumps are corrections of the clock.
	jumpAtLeast = 2 * time.Minute
	// sameWake is how long after a wake-up that logind told the clocks are not believed to tell another.
	sameWake = 15 * time.Second
	// busRetry is the wait before the bus is tried again.
	busRetry = 30 * time.Second
	// busTimeout bounds a call on the bus.
	busTimeout = 5 * time.Second
)

// clock reads the computer's clocks; each reading is since some fixed moment.
type clock struct {
	running func() time.Duration // stands still in suspend (CLOCK_MONOTONIC)
	boot    func() time.Duration // goes on in suspend (CLOCK_BOOTTIME)
	wall    func() time.Duration // the time of day (CLOCK_REALTIME)
}

func systemClock() clock {
	read := func(id int32) func() time.Duration {
		return func() time.Duration {
			var t unix.Timespec
			if err := unix.ClockGettime(id, &t); err != nil {
				return 0
			}
			return time.Duration(t.Nano())
		}
	}
	return clock{running: read(unix.CLOCK_MONOTONIC), boot: read(unix.CLOCK_BOOTTIME), wall: read(unix.CLOCK_REALTIME)}
}

// reading is what the clocks showed at one moment.
type reading struct{ running, boot, wall time.Duration }

func (c clock) read() reading { return reading{c.running(), c.boot(), c.wall()} }

// missed says whether, between two readings, the computer slept or did not run.
func missed(before, after reading) (reason string, missed bool) {
	ran := after.running - before.running
	if slept := after.boot - before.boot - ran; slept >= sleepAtLeast {
		return fmt.Sprintf("slept for %s", slept.Round(time.Second)), true
	}
	if jumped := after.wall - before.wall - ran; jumped >= jumpAtLeast {
		return fmt.Sprintf("time of day went ahead by %s", jumped.Round(time.Second)), true
	}
	return "", false
}

// busDialer opens the system bus.
type busDialer func(context.Context) (*dbus.Conn, error)

func systemBus(ctx context.Context) (*dbus.Conn, error) {
	return dbus.ConnectSystemBus(dbus.WithContext(ctx))
}

// watchSleep tells of sleep by logind's signal, and by the clocks where there is no logind.
func watchSleep(ctx context.Context, bus busDialer, clock clock, told chan<- Change, logger *slog.Logger) {
	signals := make(chan bool, 4)
	go followLogind(ctx, bus, signals, logger)
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	before := clock.read()
	var woke time.Duration
	for {
		var change Change
		select {
		case <-ctx.Done():
			return
		case asleep := <-signals:
			if asleep {
				change = Change{Kind: Sleeping, Reason: "announced by logind"}
			} else {
				change = Change{Kind: Woke, Reason: "announced by logind"}
				woke = clock.running()
			}
		case <-tick.C:
			now := clock.read()
			reason, was := missed(before, now)
			before = now
			if !was || woke != 0 && now.running-woke < sameWake {
				continue
			}
			change = Change{Kind: Woke, Reason: reason}
		}
		select {
		case told <- change:
		case <-ctx.Done():
			return
		}
	}
}

// followLogind passes on logind's PrepareForSleep, and connects again when the bus was restarted
// (org.freedesktop.login1.Manager, "true" before sleep, "false" after).
func followLogind(ctx context.Context, bus busDialer, signals chan<- bool, logger *slog.Logger) {
	for ctx.Err() == nil {
		if err := followOnce(ctx, bus, signals); err != nil {
			logger.Debug("sleep is seen by the clock only", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(busRetry):
		}
	}
}

func followOnce(ctx context.Context, bus busDialer, signals chan<- bool) error {
	conn, err := bus(ctx)
	if err != nil {
		return fmt.Errorf("connect to the system bus: %w", err)
	}
	defer conn.Close()
	received := make(chan *dbus.Signal, 8)
	conn.Signal(received)
	bounded, cancel := context.WithTimeout(ctx, busTimeout)
	defer cancel()
	err = conn.AddMatchSignalContext(bounded, dbus.WithMatchObjectPath("/org/freedesktop/login1"),
		dbus.WithMatchInterface("org.freedesktop.login1.Manager"), dbus.WithMatchMember("PrepareForSleep"))
	if err != nil {
		return fmt.Errorf("listen to logind: %w", err)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case signal, open := <-received:
			if !open {
				return fmt.Errorf("listen to logind: %w", dbus.ErrClosed)
			}
			var asleep bool
			if signal.Name != "org.freedesktop.login1.Manager.PrepareForSleep" || dbus.Store(signal.Body, &asleep) != nil {
				continue
			}
			select {
			case signals <- asleep:
			case <-ctx.Done():
				return nil
			}
		}
	}
}
