//go:build unix

package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestSystemdIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "20000")
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := notifyReady(ctx, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	expect := func(want string) {
		t.Helper()
		socket.SetReadDeadline(time.Now().Add(20 * time.Second))
		for buffer := make([]byte, 100); ; {
			n, err := socket.Read(buffer)
			if err != nil {
				t.Fatalf("%s: %v", want, err)
			}
			if string(buffer[:n]) == want {
				return
			}
		}
	}
	expect("READY=1")
	expect("WATCHDOG=1")
	cancel()
	expect("STOPPING=1")
	expect("WATCHDOG=1") // ending may take long
}
