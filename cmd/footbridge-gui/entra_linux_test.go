//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/browser"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// A user connects, signs in with Microsoft Entra ID in Chromium, second factor included, and is connected. The next time nobody is asked.
func TestConnectWithEntra(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp", Authentications: []azurezip.Authentication{azurezip.Entra},
		ChangeEntra: func(o *entra.Options) { o.Switches.MFA = entra.TOTP }})
	chromium, err := browser.Open(t.Context(), browser.Options{Namespace: d.lab.Laptop, Roots: [][]byte{d.lab.Entra.RootPEM()}})
	d.must(err)
	defer chromium.Close()
	alice := d.lab.Entra.Users()[0]
	person := visitor.Person{Username: alice.Username, Password: alice.Password, Code: func() (string, error) { return d.lab.Entra.OneTimeCode(alice.Username) }}
	d.must(os.WriteFile(filepath.Join(d.dir, "browser"), []byte("#!/bin/sh\nprintf '%s' \"$1\" > \"$HOME/address.new\" && mv \"$HOME/address.new\" \"$HOME/address\"\n"), 0o700))

	d.start("footbridge-gui", "--verbose", "--socket", d.socket(), d.lab.Files.Package)
	d.see(later, "Not connected")
	d.click("Connect")
	d.see(later, "Sign in in your browser")
	d.picture("browser")
	d.must(visitor.Drive(t.Context(), chromium, d.address(), person))
	d.see(later, "Connected")
	if !d.reaches() {
		t.Error("connected, and nothing gets through")
	}
	d.see(soon, alice.Username+",", alice.Username)
	d.picture("entra")
	d.click("Disconnect")
	d.see(soon, "Not connected")

	d.must(os.Remove(filepath.Join(d.dir, "address")))
	d.click("Connect")
	d.see(later, "Connected")
	if _, err := os.Stat(filepath.Join(d.dir, "address")); err == nil {
		t.Error("a browser was opened though the user is signed in")
	}
}

// address is what the browser was started with.
func (d *desk) address() string {
	d.Helper()
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if data, err := os.ReadFile(filepath.Join(d.dir, "address")); err == nil {
			return strings.TrimSpace(string(data))
		}
	}
	d.Fatal("no browser was opened")
	return ""
}
