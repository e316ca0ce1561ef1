package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/machine"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// pc is a booted Debian with Footbridge installed, on the lab's network with Debian's OpenVPN as gateway.
type pc struct {
	*machine.Machine
	t   *testing.T
	lab *lab.Lab
}

const packaging = "../../packaging/linux/"

func newPC(t *testing.T) *pc {
	t.Helper()
	return newPCWith(t, lab.Options{Gateway: lab.OpenVPN})
}

func newPCWith(t *testing.T, options lab.Options) *pc {
	t.Helper()
	netnstest.RequireRoot(t)
	programs := t.TempDir()
	build := exec.Command("go", "build", "-o", programs, "../footbridge", "../footbridged")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	options.CheckLogin = []string{os.Args[0], authentication.CheckCommand}
	change := options.ChangeOpenVPN
	options.ChangeOpenVPN = func(o *openvpnd.Options) {
		o.Push = append(o.Push, "dhcp-option DOMAIN corp.example")
		if change != nil {
			change(o)
		}
	}
	l, err := lab.Up(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	files := map[string]machine.File{
		"/usr/bin/footbridge":                            {From: filepath.Join(programs, "footbridge"), Mode: 0o755},
		"/usr/bin/footbridged":                           {From: filepath.Join(programs, "footbridged"), Mode: 0o755},
		"/usr/lib/systemd/system/footbridged.service":    {From: packaging + "systemd/footbridged.service"},
		"/usr/lib/sysusers.d/footbridge.conf":            {From: packaging + "systemd/footbridge.sysusers"},
		"/usr/share/polkit-1/rules.d/footbridge.rules":   {From: packaging + "polkit/footbridge.rules"},
		"/home/alice/vpn.zip":                            {From: l.Files.Package, Mode: 0o644},
		"/home/alice/user.pem":                           {From: l.Files.Certificate, Mode: 0o644},
		"/home/alice/user.key":                           {From: l.Files.Key, Mode: 0o644},
		"/etc/systemd/resolved.conf.d/nothing-else.conf": {Content: []byte("[Resolve]\nDNS=" + l.Outside.Resolver.String() + "\nDomains=~.\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n")},
	}
	if l.Entra != nil {
		files["/etc/ssl/certs/ca-certificates.crt"] = machine.File{Content: l.Entra.RootPEM()}
	}
	m, err := machine.Boot(t.Context(), machine.Options{Network: l.Laptop, Users: []string{"alice", "bob"}, Files: files, Enable: []string{"footbridged.service"}})
	if err != nil {
		t.Fatal(err)
	}
	p := &pc{m, t, l}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(p.try("root", "journalctl", "--no-pager", "-u", "footbridged"))
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// try runs a program as a user and returns all that it printed, and how it ended.
func (p *pc) try(user, name string, arguments ...string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	out, err := p.Command(ctx, user, name, arguments...).CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Sprintf("%sexit %d", out, exit.ExitCode())
	}
	if err != nil {
		p.t.Fatalf("%s %v: %v", name, arguments, err)
	}
	return string(out)
}

// do is try for what has to work.
func (p *pc) do(user, name string, arguments ...string) string {
	p.t.Helper()
	out := p.try(user, name, arguments...)
	if strings.Contains(out, "exit ") && regexp.MustCompile(`exit \d+$`).MatchString(out) {
		p.t.Fatalf("%s: %s %v: %s", user, name, arguments, out)
	}
	return out
}

// settings are all that a tunnel may change on the computer.
func (p *pc) settings() string {
	p.t.Helper()
	return p.do("root", "sh", "-c", `{ ip -o addr | sed 's/ valid_lft.*//'; ip route show table all; ip -6 route show table all; } | grep -v fe80; ip rule; ip -6 rule
		ls -l --time-style=+ /etc/resolv.conf; cat /etc/resolv.conf; resolvectl dns; resolvectl domain`)
}

// A user of an ordinary Debian imports the package, connects with a certificate, and reaches the network behind the gateway by name while
// all else stays where it was. Another user sees none of it. The service has no more rights than it needs.
func TestInstalledOnDebian(t *testing.T) {
	p := newPC(t)
	before := p.settings()
	p.do("alice", "footbridge", "import", "vpn.zip")
	name := p.profile("alice", "cert")
	connected := p.do("alice", "footbridge", "connect", name, "--cert", "user.pem", "--key", "user.key")
	if !strings.Contains(connected, "Connected") {
		t.Errorf("connect said\n%s", connected)
	}

	inside, outside := p.lab.VNet, p.lab.Outside
	if got := p.do("alice", "resolvectl", "query", "--legend=no", inside.Host); !strings.Contains(got, inside.Address.String()) || !strings.Contains(got, "footbridge0") {
		t.Errorf("%s is %s", inside.Host, got)
	}
	if got := p.do("alice", "resolvectl", "query", "--legend=no", outside.Host); !strings.Contains(got, outside.Address.String()) {
		t.Errorf("%s is %s", outside.Host, got)
	}
	for _, site := range []*lab.Site{inside, outside} {
		p.do("alice", "bash", "-c", "exec 3<>/dev/tcp/"+site.Address.String()+"/80")
	}
	status := p.do("alice", "footbridge", "status")
	if !strings.Contains(status, "connected") || !strings.Contains(status, "10.10.0.0/16") {
		t.Errorf("status is\n%s", status)
	}

	if got := p.do("bob", "footbridge", "list"); strings.Contains(got, name) {
		t.Errorf("bob sees\n%s", got)
	}
	if got := p.try("bob", "footbridge", "disconnect", p.session("alice")); !strings.Contains(got, "exit 6") && !strings.Contains(got, "exit 3") {
		t.Errorf("bob's disconnect: %s", got)
	}
	if got := p.try("bob", "footbridge", "import", "--machine", "/home/alice/vpn.zip"); !strings.Contains(got, "sudo footbridge import --machine") || !strings.Contains(got, "exit 6") {
		t.Errorf("bob's import for everybody: %s", got)
	}
	p.do("alice", "footbridge", "disconnect")
	if after := p.settings(); after != before {
		t.Errorf("after disconnecting:\n%s\nbefore:\n%s", after, before)
	}

	p.deployAndWithdraw()

	if user := strings.TrimSpace(p.do("root", "ps", "-o", "user=", "-C", "footbridged")); user != "footbri+" && user != "footbridge" {
		t.Errorf("the service runs as %q", user)
	}
	exposure := p.do("root", "systemd-analyze", "security", "--no-pager", "footbridged")
	level := regexp.MustCompile(`exposure level for footbridged.service: ([0-9.]+)`).FindStringSubmatch(exposure)
	if level == nil {
		t.Fatalf("systemd-analyze said\n%s", exposure)
	}
	if value, err := strconv.ParseFloat(level[1], 64); err != nil || value > 3 {
		t.Errorf("the unit's exposure is %s", level[1])
	}
}

// profile is the name of the user's profile that signs in in a way.
func (p *pc) profile(user, way string) string {
	p.t.Helper()
	var list struct {
		Profiles []struct{ Name, Authentication string }
	}
	out := p.do(user, "footbridge", "list", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		p.t.Fatalf("%v in %s", err, out)
	}
	for _, profile := range list.Profiles {
		if profile.Authentication == way {
			return profile.Name
		}
	}
	p.t.Fatalf("no profile with %s in %s", way, out)
	return ""
}

// session is the id of the user's session.
func (p *pc) session(user string) string {
	p.t.Helper()
	id := regexp.MustCompile(`"id": ?"([A-Z0-9]{20,})"`).FindStringSubmatch(p.do(user, "footbridge", "status", "--json"))
	if id == nil {
		p.t.Fatal("there is no session")
	}
	return id[1]
}

// A device's connection is up after booting, without anybody; killed at any moment it is back, and the computer is as it should be.
func TestDeviceConnectionOnDebian(t *testing.T) {
	p := newPC(t)
	p.do("root", "sh", "-c", `set -e
		install -d -m 0750 -g footbridge /etc/footbridge/keys
		cat /home/alice/user.pem /home/alice/user.key >/etc/footbridge/keys/device.pem
		chgrp footbridge /etc/footbridge/keys/device.pem; chmod 0640 /etc/footbridge/keys/device.pem
		footbridge import --machine /home/alice/vpn.zip`)
	name := p.machineProfile()
	p.do("root", "footbridge", "set", "--machine", name, "certificate=/etc/footbridge/keys/device.pem", "autoconnect=true")
	p.awaitPage(t.Context(), time.Now())
	for i := range 3 {
		killed := time.Now()
		p.do("root", "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "footbridged")
		t.Logf("kill %d: traffic again after %v", i+1, p.awaitPage(t.Context(), killed))
	}
	if got := p.do("bob", "footbridge", "status"); !strings.Contains(got, name) {
		t.Errorf("bob does not see the computer's connection:\n%s", got)
	}
}

// What a user marked is up when they log in, comes back when the service was killed, and stays down once they disconnect it.
func TestUsersConnectionsOnDebian(t *testing.T) {
	p := newPC(t)
	p.do("alice", "footbridge", "import", "vpn.zip")
	name := p.profile("alice", "cert")
	p.do("alice", "footbridge", "set", name, "certificate=/home/alice/user.pem", "key=/home/alice/user.key", "autoconnect=true")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	keeping := p.Command(ctx, "alice", "footbridge", "agent", "--autoconnect")
	if err := keeping.Start(); err != nil {
		t.Fatal(err)
	}
	defer keeping.Wait()
	defer stop()
	t.Logf("up after %v", p.awaitPage(t.Context(), time.Now()))
	killed := time.Now()
	p.do("root", "systemctl", "kill", "--kill-whom=main", "--signal=KILL", "footbridged")
	t.Logf("traffic again after %v", p.awaitPage(t.Context(), killed))
	p.do("alice", "footbridge", "disconnect")
	time.Sleep(2 * time.Second)
	if status := p.do("alice", "footbridge", "status"); status != "Nothing is connected.\n" {
		t.Errorf("connected though the user disconnected it:\n%s", status)
	}
}

func (p *pc) machineProfile() string {
	p.t.Helper()
	var list struct {
		Profiles []struct {
			Name, Authentication string
			Machine              bool
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		out := p.do("root", "footbridge", "list", "--json")
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			p.t.Fatalf("%v in %s", err, out)
		}
		for _, profile := range list.Profiles {
			if profile.Machine && profile.Authentication == "cert" {
				return profile.Name
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no machine profile in %s", out)
		}
	}
}

// awaitPage waits until the page behind the gateway answers to a connection that began after a moment.
func (p *pc) awaitPage(ctx context.Context, after time.Time) time.Duration {
	p.t.Helper()
	address := netip.AddrPortFrom(p.lab.VNet.Address, 80).String()
	for deadline := time.Now().Add(40 * time.Second); ; {
		limited, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
		conn, err := p.lab.Laptop.Dial(limited, "tcp", address)
		cancel()
		// A tunnel that is not down yet may answer right after the kill.
		if err == nil {
			conn.Close()
			if p.try("root", "systemctl", "is-active", "footbridged") == "active\n" {
				return time.Since(after)
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the page is not reached: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
