package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

// installDevice puts the lab's profile and certificate where an administrator does, to be connected whenever the service runs.
func (l *laptop) installDevice() {
	l.t.Helper()
	key := filepath.Join(l.dir, "device.pem")
	must(l.t, os.WriteFile(key, bytes.Join([][]byte{read(l.t, l.lab.Files.Certificate), read(l.t, l.lab.Files.Key)}, nil), 0o600))
	folder, err := store.Open(filepath.Join(l.dir, "profiles"), store.Options{Machine: true})
	must(l.t, err)
	imported, err := profiles.Import(bytes.NewReader(l.profile), profiles.ImportOptions{})
	must(l.t, err)
	_, _, err = folder.Add(imported.Profiles[0], store.AddOptions{Name: "device",
		Settings: &settings.Settings{AutoConnect: true, Certificate: &settings.CertificateSource{CertificateFile: key}}})
	must(l.t, err)
}

// awaitConnected waits until the service says so, which it does when the computer is set up.
func (l *laptop) awaitConnected() {
	l.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); l.state() != tunnel.Connected; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("the connection is %q", l.state())
		}
	}
}

// shape is the picture without what is numbered anew: the device, the process, and the addresses in the tunnel.
func (l *laptop) shape() string {
	l.t.Helper()
	client := api.Dial(filepath.Join(l.dir, "socket"))
	defer client.Close()
	snapshot, err := client.Status(l.t.Context())
	must(l.t, err)
	text := regexp.MustCompile(`on interface \d+`).ReplaceAllString(l.picture(), "on an interface")
	text = regexp.MustCompile(`"owner":"[^"]*"`).ReplaceAllString(text, "an owner")
	for i, address := range snapshot.Sessions[0].Connection.Addresses {
		own := regexp.MustCompile(`\b` + regexp.QuoteMeta(address.Addr().String()) + `\b`)
		text = own.ReplaceAllString(text, fmt.Sprintf("the tunnel's address %d", i))
	}
	return text
}

// A connection that starts with the computer is back after every kill, wherever that met the service, and makes of the computer what it made
// of it the first time; at the end nothing is left.
func TestAlwaysOnIsBackAfterEveryKill(t *testing.T) {
	netnstest.RequireRoot(t)
	program := buildService(t)
	l := newLaptop(t, program, "tcp")
	before := l.picture()
	l.installDevice()
	p := l.probe()
	up := ""
	for i := range 20 {
		service := start(t, l.lab.Laptop, program, l.dir)
		if i%2 == 0 || i == 19 { // else the kill meets a service that is still connecting
			p.answeredAfter(t, time.Now(), 20*time.Second)
			l.awaitConnected()
			now := l.shape()
			if up == "" {
				up = now
			}
			if now != up || l.picture() == before {
				t.Fatalf("after kill %d:\n%s\nthe first time:\n%s", i, now, up)
			}
		}
		time.Sleep(time.Duration(rand.Int64N(int64(150 * time.Millisecond))))
		must(t, service.Process.Kill())
		service.Wait()
	}
	service := start(t, l.lab.Laptop, program, l.dir)
	t.Logf("back after %v", p.answeredAfter(t, time.Now(), 20*time.Second))
	must(t, service.Process.Signal(syscall.SIGTERM))
	must(t, service.Wait())
	if now := l.picture(); now != before {
		t.Errorf("in the end:\n%s\nbefore:\n%s", now, before)
	}
}
