package lab_test

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
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

// get fetches a page from the laptop, by name or address.
func get(t *testing.T, l *lab.Lab, host string) (string, error) {
	t.Helper()
	found, err := l.Laptop.Command(t.Context(), "getent", "ahosts", host).Output()
	if err != nil {
		return "", fmt.Errorf("look up %s: %w", host, err)
	}
	address, _, _ := strings.Cut(string(found), " ")
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return l.Laptop.Dial(ctx, network, net.JoinHostPort(address, "80"))
		},
	}}
	response, err := client.Get("http://" + host + "/")
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err
}

// ovpn is the vpnconfig.ovpn from the profile package.
func ovpn(t *testing.T, l *lab.Lab) string {
	t.Helper()
	archive, err := zip.OpenReader(l.Files.Package)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	file, err := archive.Open("OpenVPN/vpnconfig.ovpn")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// debianClient connects Debian's OpenVPN client with the vpnconfig.ovpn from the package, filled in as a user would.
func debianClient(t *testing.T, l *lab.Lab) *openvpnd.Process {
	t.Helper()
	read := func(path string) string {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	config := strings.NewReplacer("\r\n", "\n", "$CLIENTCERTIFICATE", read(l.Files.Certificate), "$PRIVATEKEY", read(l.Files.Key)).Replace(ovpn(t, l))
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

func TestNamesAndIPv6ThroughTheTunnel(t *testing.T) {
	l := up(t, lab.Options{})
	debianClient(t, l)
	write := fmt.Sprintf("echo nameserver %s >/etc/resolv.conf", l.VNet.Resolver)
	if output, err := l.Laptop.Command(t.Context(), "sh", "-c", write).CombinedOutput(); err != nil {
		t.Fatalf("%s, %v", output, err)
	}
	for _, site := range []*lab.Site{l.VNet, l.OnPremises} {
		text, err := get(t, l, site.Host) // by IPv6, which getent prefers
		if err != nil || !strings.Contains(text, site.Host) || !strings.Contains(text, "fd00:172:201::") {
			t.Errorf("%s: %q, %v", site.Host, text, err)
		}
	}
	for address := range l.VNet.Names.Visitors() {
		if !lab.InPool(address) {
			t.Errorf("%s asked the name server in Azure", address)
		}
	}
	if l.OnPremises.Names.Questions()[l.OnPremises.Host+"."] == 0 {
		t.Error("the name server in Azure did not ask the one on the premises")
	}
	if text, err := get(t, l, l.Outside.Host); err != nil || !strings.Contains(text, l.Outside.Host) {
		t.Errorf("a name outside through the name server in Azure: %q, %v", text, err)
	}
}

// remains lists what a lab of this process would leave behind.
func remains(t *testing.T) []string {
	t.Helper()
	owner := fmt.Sprintf("%d-", os.Getpid())
	var all []string
	for _, pattern := range []string{"/run/netns/fblab-" + owner + "*", filepath.Join(os.TempDir(), "footbridge-lab-files-"+owner+"*")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}

func TestFailedUpLeavesNothing(t *testing.T) {
	netnstest.RequireRoot(t)
	for name, options := range map[string]lab.Options{
		"gateway":     {Gateway: "cisco"},
		"transport":   {Transport: "sctp"},
		"built in":    {ChangeBuiltIn: func(c *gateway.Config) { c.IPv4 = netip.Prefix{}; c.IPv6 = netip.Prefix{} }},
		"OpenVPN":     {Gateway: lab.OpenVPN, ChangeOpenVPN: func(o *openvpnd.Options) { o.Further = []string{"no-such-option"} }},
		"a directory": {Directory: "/dev/null/lab"},
	} {
		if l, err := lab.Up(t.Context(), options); err == nil {
			l.Close()
			t.Errorf("%s: no error", name)
		}
		if left := remains(t); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

func TestCloseTwice(t *testing.T) {
	l := up(t, lab.Options{})
	if len(remains(t)) == 0 {
		t.Error("nothing is there")
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if left := remains(t); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestStateAndEnter(t *testing.T) {
	l := up(t, lab.Options{Transport: "udp"})
	t.Setenv(lab.StateDirectoryVariable, filepath.Join(t.TempDir(), "state"))
	if _, err := lab.Running(); !errors.Is(err, lab.ErrNoLab) {
		t.Errorf("running before it is noted: %v", err)
	}
	if err := l.Note(); err != nil {
		t.Fatal(err)
	}
	state, err := lab.Running()
	if err != nil || state.Host != l.Host || state.Transport != "udp" || state.Files != l.Files {
		t.Fatalf("%+v, %v", state, err)
	}
	_, arguments, err := state.Enter("laptop", "ip", "route")
	if err != nil || !slices.Contains(arguments, "--net="+l.Laptop.Path()) || !slices.Equal(arguments[len(arguments)-3:], []string{"--", "ip", "route"}) {
		t.Errorf("%q, %v", arguments, err)
	}
	if _, _, err := state.Enter("phone", "true"); err == nil {
		t.Error("entered a computer that does not exist")
	}
	if err := os.Chmod(os.Getenv(lab.StateDirectoryVariable), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := lab.States(); err == nil {
		t.Error("a directory that others may read was trusted")
	}
}
