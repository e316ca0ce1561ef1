//go:build cgo

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// profileWithKey is the lab's profile as a file with the client's certificate and key in it.
func (d *desk) profileWithKey(name string) string {
	d.Helper()
	imported, err := profiles.ImportFile(d.lab.Files.Package)
	d.must(err)
	for _, profile := range imported.Profiles {
		if profile.Authentication.Type != profiles.Certificate {
			continue
		}
		data, err := profiles.Export(profile, profiles.FormatOVPN)
		d.must(err)
		certificate, err := os.ReadFile(d.lab.Files.Certificate)
		d.must(err)
		key, err := os.ReadFile(d.lab.Files.Key)
		d.must(err)
		path := filepath.Join(d.dir, name+".ovpn")
		d.must(os.WriteFile(path, fmt.Appendf(data, "<cert>\n%s</cert>\n<key>\n%s</key>\n", certificate, key), 0o600))
		return path
	}
	d.Fatal("the lab's package has no profile with a certificate")
	return ""
}

// A user starts the app for the first time, imports a profile, connects, sees what happens when the gateway goes and comes, and disconnects.
func TestConnectWithCertificate(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp",
		ChangeOpenVPN: func(o *openvpnd.Options) { o.Ping, o.PingTimeout = 1*time.Second, 5*time.Second }})
	d.start("footbridge-gui", "--verbose", "--socket", d.socket())
	d.see(later, "No connections yet")
	d.picture("empty")

	// A file that is opened with the app goes to the window that is there already.
	second := d.start("footbridge-gui", "--socket", d.socket(), d.profileWithKey("contoso"))
	d.must(second.Wait())
	d.see(soon, "Not connected")
	d.picture("imported")

	d.click("Connect")
	d.see(later, "Connected")
	if !d.reaches() {
		t.Error("connected, and nothing gets through")
	}
	d.see(soon, "Gateway")
	d.picture("connected")

	d.must(d.lab.OpenVPN.Kill())
	d.see(later, "Reconnecting")
	d.picture("reconnecting")
	d.must(d.lab.OpenVPN.Restart(t.Context()))
	d.see(later, "Connected")

	d.click("Disconnect")
	d.see(soon, "Not connected")
	if d.reaches() {
		t.Error("disconnected, and still something gets through")
	}
	d.see(soon, "Earlier sessions")
	d.picture("disconnected")
}
