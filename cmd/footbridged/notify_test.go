//go:build unix

package main

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
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
	var hangs atomic.Bool
	ctx, cancel := context.WithCancel(t.Context())
	stop, err := notifyReady(ctx, slog.New(slog.DiscardHandler), func() {
		if hangs.Load() {
			<-t.Context().Done()
		}
	})
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
	hangs.Store(true)
	time.Sleep(100 * time.Millisecond) // what was told before it hung has come by then
	socket.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	for buffer := make([]byte, 100); ; {
		if _, err := socket.Read(buffer); err != nil {
			break
		}
	}
	socket.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := socket.Read(make([]byte, 100)); err == nil {
		t.Errorf("a service that hangs said %d bytes", n)
	}
}
