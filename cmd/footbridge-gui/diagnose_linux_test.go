//go:build cgo

package main

import (
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// A user whose connection fails finds out in the window why, from the place where it failed.
func TestDiagnoseFailure(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp"})
	profile := d.profileWithKey("contoso")
	d.must(d.lab.OpenVPN.Kill())
	d.start("footbridge-gui", "--verbose", "--socket", d.socket(), profile)
	d.see(later, "Not connected")
	d.click("Connect")
	d.see(later, "Trying again", "The gateway refuses")
	d.picture("trouble")
	d.click("Diagnose")
	d.see(later, "The Internet does not answer") // it begins by itself; the lab has a network, and nothing behind it
	d.see(soon, "Your permission to connect")
	d.picture("diagnosis")
}
