//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
)

// A user whose gateway asks RADIUS types a wrong password, is told so, and types the right one. Then they give up in the middle of it.
func TestConnectWithPassword(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp", Authentications: []azurezip.Authentication{azurezip.Radius}})
	d.importByDialog()

	d.click("Connect")
	d.see(soon, "User name")
	d.must(d.Type(t.Context(), freeradius.Alice))
	d.must(d.Key(t.Context(), "Tab"))
	d.must(d.Type(t.Context(), "not hers"))
	d.picture("password")
	d.must(d.Key(t.Context(), "Return"))
	d.see(later, "refused") // "The gateway refused the user name or password."
	d.picture("password-refused")
	d.must(d.Type(t.Context(), freeradius.AlicePassword))
	d.must(d.Key(t.Context(), "Return"))
	d.see(later, "Connected")
	if !d.reaches() {
		t.Error("connected, and nothing gets through")
	}
	d.click("Disconnect")
	d.see(soon, "Not connected")

	d.click("Connect")
	d.see(soon, "User name")
	d.must(d.Key(t.Context(), "Escape"))
	d.see(soon, "Not connected", "Failed")
}

// importByDialog starts the app for the first time and imports the package that Azure generated, which the user finds in their home.
func (d *desk) importByDialog() {
	d.Helper()
	data, err := os.ReadFile(d.lab.Files.Package)
	d.must(err)
	d.must(os.WriteFile(filepath.Join(d.dir, "contoso.zip"), data, 0o600))
	d.start("footbridge-gui", "--verbose", "--socket", d.socket())
	d.click("Import")
	d.see(soon, "Choose the file")
	d.must(d.Key(d.Context(), "Return"))           // the first of the dialog's buttons has the keyboard
	open, err := d.Wait(d.Context(), soon, "Open") // before it is the blue button, whose white letters are not read
	d.must(err)
	d.click("contoso") // with ".zip" in its picture
	d.picture("choosing")
	d.must(d.ClickAt(d.Context(), open.X, open.Y))
	d.see(later, "Not connected")
}

// A gateway that wants a one-time code besides asks for it in its own words, in a refusal (CRV1) as Debian's OpenVPN does, or in the session
// (CR_TEXT).
func TestAnswerChallenge(t *testing.T) {
	for _, kind := range []lab.Kind{lab.OpenVPN, lab.BuiltIn} {
		t.Run(string(kind), func(t *testing.T) {
			d := newDesk(t, lab.Options{Gateway: kind, Transport: "tcp", Authentications: []azurezip.Authentication{azurezip.Radius, azurezip.Entra}})
			d.start("footbridge-gui", "--verbose", "--socket", d.socket(), d.lab.Files.Package)
			d.see(later, "Not connected")
			d.click("user name") // the profile of that name
			d.must(d.Key(t.Context(), "ctrl+d"))
			d.see(soon, "User name")
			d.must(d.Type(t.Context(), freeradius.Carol))
			d.must(d.Key(t.Context(), "Tab"))
			d.must(d.Type(t.Context(), freeradius.CarolPassword))
			d.must(d.Key(t.Context(), "Return"))
			d.see(later, "authenticator app")
			d.picture("challenge")
			d.must(d.Type(t.Context(), freeradius.CarolCode))
			d.must(d.Key(t.Context(), "Return"))
			d.see(later, "Connected")
			if !d.reaches() {
				t.Error("connected, and nothing gets through")
			}
		})
	}
}
