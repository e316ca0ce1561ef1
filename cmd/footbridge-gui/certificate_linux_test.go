//go:build cgo

package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
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

// graphMoves has packets flow in both directions, and waits until both lines of the graph show them.
func (d *desk) graphMoves() {
	d.Helper()
	const green, blue = 0x116329, 0x0b5cad // light theme, in and out; what else has these colours does not change
	in, out := d.pixels(green), d.pixels(blue)
	const more = 40 // a line that leaves the axis
	for deadline := time.Now().Add(later); ; time.Sleep(time.Second) {
		for range 20 {
			if !d.transfers() {
				d.Error("connected, and nothing gets through")
			}
		}
		if d.pixels(green) > in+more && d.pixels(blue) > out+more {
			return
		}
		if time.Now().After(deadline) {
			d.picture("failed")
			d.Fatalf("packets flow, and the graph does not show them: %d and %d pixels of its colours before, %d and %d now", in, out, d.pixels(green), d.pixels(blue))
		}
	}
}

// transfers asks a computer behind the gateway for its page; the question is about as long as the answer and what TCP adds.
func (d *desk) transfers() bool {
	ctx, cancel := context.WithTimeout(d.Context(), 5*time.Second)
	defer cancel()
	conn, err := d.lab.Laptop.Dial(ctx, "tcp", d.lab.VNet.Address.String()+":80")
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintf(conn, "GET / HTTP/1.0\r\nX-Padding: %s\r\n\r\n", strings.Repeat("x", 400))
	answer, err := io.ReadAll(conn)
	return err == nil && len(answer) > 0
}

// pixels are how many there are of a colour on the screen, or of one that is hardly another: lines have soft edges.
func (d *desk) pixels(colour uint32) int {
	d.Helper()
	path := filepath.Join(d.dir, "screen.png")
	d.must(d.Picture(d.Context(), path))
	file, err := os.Open(path)
	d.must(err)
	defer file.Close()
	picture, err := png.Decode(file)
	d.must(err)
	count := 0
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			if near(r>>8, colour>>16) && near(g>>8, colour>>8&0xff) && near(b>>8, colour&0xff) {
				count++
			}
		}
	}
	return count
}

func near(x, y uint32) bool { return max(x, y)-min(x, y) < 32 }

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
	d.graphMoves()
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
