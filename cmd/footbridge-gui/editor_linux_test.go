//go:build cgo

package main

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// untilStored waits until the user's profile of a name, as the app keeps it, is as it should be.
func (d *desk) untilStored(name string, so func(store.Entry) bool) {
	d.Helper()
	kept, err := store.Open(filepath.Join(d.dir, ".config", "footbridge", "profiles"), store.Options{})
	d.must(err)
	var entry store.Entry
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if entry, err = kept.Find(name); err == nil && so(entry) {
			return
		}
	}
	d.Fatalf("%s is kept with %+v: %v", name, entry.Settings.Redacted(), err)
}

// way is the device that the laptop sends packets for an address to.
func (d *desk) way(address string) string {
	d.Helper()
	out, err := d.lab.Laptop.Command(d.Context(), "ip", "route", "get", address).CombinedOutput()
	if err != nil {
		return string(out)
	}
	_, device, _ := strings.Cut(string(out), " dev ")
	device, _, _ = strings.Cut(device, " ")
	return device
}

// A user changes a connection, is told of a mistake while they type, and what they saved holds when they connect. Then they remove the
// connection, and undo that.
func TestConnectAfterEditing(t *testing.T) {
	d := newDesk(t, lab.Options{Gateway: lab.OpenVPN, Transport: "tcp"})
	path := d.profileWithKey("contoso")
	imported, err := profiles.ImportFile(path)
	d.must(err)
	gateway := imported.Profiles[0].Servers[0]
	d.start("footbridge-gui", "--verbose", "--socket", d.socket(), path)
	d.see(later, "Not connected")
	name := imported.Profiles[0].Name

	d.click("Edit")
	d.see(soon, "Imported")
	d.click("Gateway")
	hint, err := d.Wait(d.Context(), soon, "One a line")
	d.must(err)
	d.must(d.ClickAt(d.Context(), hint.X, hint.Y+35))
	d.must(d.Key(d.Context(), "ctrl+a"))
	d.must(d.Type(d.Context(), "https://x"))
	d.see(soon, "is not a gateway")
	d.see(soon, "Something is not right yet")
	d.must(d.Key(d.Context(), "ctrl+a"))
	d.must(d.Type(d.Context(), net.JoinHostPort(gateway.Host, strconv.Itoa(int(gateway.Port)))))
	d.see(soon, "Trusted roots")
	d.picture("editor")

	d.click("Network")
	d.click("Send all traffic through this connection")
	d.must(d.Key(d.Context(), "Tab", "Tab", "Tab", "Tab", "Tab", "Return")) // three fields, Cancel, Save: white on blue is read badly
	sendsAll := func(entry store.Entry) bool {
		return entry.Settings.Get("include-routes") == "0.0.0.0/0" && len(entry.Profile.Servers) > 0 && entry.Profile.Servers[0] == gateway
	}
	d.untilStored(name, sendsAll)

	const elsewhere = "192.0.2.200" // neither in the laptop's own network nor in one behind the gateway
	before := d.way(elsewhere)
	d.click("Connect")
	d.see(later, "Disconnect") // while it is on its way, there is Cancel
	if !d.reaches() {
		t.Error("connected, and nothing gets through")
	}
	if through := d.way(elsewhere); through == before || through != d.way(d.lab.VNet.Address.String()) {
		t.Errorf("not all traffic goes through the tunnel: %q, before it was %q", through, before)
	}
	d.click("Disconnect")
	d.see(soon, "Not connected")

	d.click("Edit")
	d.see(soon, "Imported")
	d.click("Remove")
	d.see(soon, "Undo")
	d.click("Undo")
	d.untilStored(name, sendsAll)
	d.see(soon, "Not connected")
}
