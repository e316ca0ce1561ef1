package lab_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

func up(t *testing.T, options lab.Options) *lab.Lab {
	t.Helper()
	netnstest.RequireRoot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	l, err := lab.Up(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// get fetches a page from the laptop, by name.
func get(t *testing.T, l *lab.Lab, host string) (string, error) {
	t.Helper()
	output, err := l.Laptop.Command(t.Context(), "curl", "--silent", "--show-error", "--max-time", "5", "http://"+host+"/").CombinedOutput()
	return string(output), err
}

// debianClient connects Debian's OpenVPN client with the vpnconfig.ovpn from the package, filled in as a user would.
func debianClient(t *testing.T, l *lab.Lab) *openvpnd.Process {
	t.Helper()
	output, err := exec.Command("unzip", "-p", l.Files.Package, "OpenVPN/vpnconfig.ovpn").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	config := strings.NewReplacer("\r\n", "\n", "$CLIENTCERTIFICATE", read(l.Files.Certificate), "$PRIVATEKEY", read(l.Files.Key)).Replace(string(output))
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	client, err := openvpnd.ConnectClient(ctx, openvpnd.ClientOptions{Namespace: l.Laptop, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := client.Stop(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestDebianClientReachesTheSites(t *testing.T) {
	for _, kind := range []lab.Kind{lab.BuiltIn, lab.OpenVPN} {
		for _, transport := range []string{"tcp", "udp"} {
			t.Run(string(kind)+" "+transport, func(t *testing.T) {
				l := up(t, lab.Options{Gateway: kind, Transport: transport})
				if text, err := get(t, l, l.Outside.Host); err != nil || !strings.Contains(text, "203.0.113.10") && !strings.Contains(text, "2001:db8:113::10") {
					t.Fatalf("outside before the tunnel: %q, %v", text, err)
				}
				if text, err := get(t, l, l.VNet.Address.String()); err == nil {
					t.Fatalf("Azure answers without a tunnel: %q", text)
				}
				debianClient(t, l)
				for _, site := range []*lab.Site{l.VNet, l.OnPremises} {
					text, err := get(t, l, site.Address.String())
					if err != nil || !strings.Contains(text, "172.16.201.") {
						t.Errorf("%s: %q, %v", site.Host, text, err)
					}
				}
				if text, err := get(t, l, l.Outside.Host); err != nil || strings.Contains(text, "172.16.201.") {
					t.Errorf("outside: %q, %v", text, err)
				}
			})
		}
	}
}
