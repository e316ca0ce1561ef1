//go:build cgo

package main

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// The app is ended, as by a logout. Its tunnel stays, another program answers for it, and the next start of the app shows and ends it.
func TestTunnelOutlivesApp(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp"})
	app := d.start("footbridge-gui", "--verbose", "--socket", d.socket(), d.profileWithKey("contoso"))
	d.see(later, "Not connected")
	d.click("Connect")
	d.see(later, "Connected")
	d.must(app.Process.Signal(syscall.SIGTERM))
	if err := app.Wait(); err != nil {
		t.Errorf("the app did not end by itself: %v", err)
	}
	if !d.reaches() {
		t.Error("the tunnel ended with the app")
	}
	if !d.answered() {
		t.Error("nobody answers for the tunnel")
	}
	d.start("footbridge-gui", "--verbose", "--socket", d.socket())
	d.click("Disconnect")
	d.see(soon, "Connect")
	for deadline := time.Now().Add(soon); d.answered(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a program still answers for a tunnel that is over")
		}
	}
}

// answered reports whether a program in the background answers for this desk's tunnels.
func (d *desk) answered() bool {
	return exec.CommandContext(d.Context(), "pgrep", "-f", "footbridge agent --socket "+d.socket()).Run() == nil
}
