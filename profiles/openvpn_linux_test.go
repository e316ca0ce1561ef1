package profiles

import (
	"bufio"
	"bytes"
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Debian's OpenVPN accepts what is exported: it gets past its options to announcing its version, and is ended there.
func TestOpenVPNAcceptsExports(t *testing.T) {
	openvpn, err := exec.LookPath("openvpn")
	if err != nil {
		t.Skip("openvpn is not installed")
	}
	exports := 0
	for _, f := range samples(t) {
		imported, err := Import(bytes.NewReader(f.data), ImportOptions{Name: f.name})
		if err != nil {
			continue
		}
		for _, p := range imported.Profiles {
			for i := range p.Servers { // nothing is to leave this computer
				p.Servers[i].Host = "127.0.0.1"
				p.Servers[i].Port = 1
			}
			if p.Proxy != nil {
				p.Proxy.Host = "127.0.0.1"
			}
			client, key := testCertificate(t, "alice", 3, false)
			if p.Authentication.Type == Certificate { // OpenVPN parses them
				p.Authentication.ClientCert, p.Authentication.ClientKey, p.Authentication.PKCS12 = secretText(inPEM(client)), secretText(key), ""
			}
			if p.Proxy != nil && p.Transport == UDP && p.Proxy.Type == HTTPProxy {
				p.Transport = TCP // what Validate warns of, OpenVPN refuses
			}
			config, err := Export(p, FormatOVPN)
			if err != nil {
				continue
			}
			if output := startOpenVPN(t, openvpn, config); !strings.Contains(output, "library versions:") || strings.Contains(output, "Options error") {
				t.Errorf("%s, %q: OpenVPN says\n%s\nof\n%s", f.name, p.Name, output, config)
			}
			exports++
		}
	}
	if exports < 5 {
		t.Errorf("only %d exports", exports)
	}
}

// Every option that an export can have.
func TestOpenVPNAcceptsEveryOption(t *testing.T) {
	openvpn, err := exec.LookPath("openvpn")
	if err != nil {
		t.Skip("openvpn is not installed")
	}
	root, _ := testCertificate(t, "Example Root", 1, true)
	client, key := testCertificate(t, "alice", 3, false)
	one, size := 1, 1300
	p := &Profile{
		Name: `Head "Office" \ #1`, Servers: []Server{{Host: "127.0.0.1", Port: 1}, {Host: "::1", Port: 2, Transport: UDP}}, RemoteRandom: true, Transport: UDP,
		Authentication: Authentication{Type: Certificate, AuthUserPass: true, Username: "alice", Password: `pass "word" \`, ClientCert: secretText(inPEM(client)), ClientKey: secretText(key),
			Challenge: &StaticChallenge{Text: "The code, please:", Echo: true}},
		Gateway: GatewayIdentity{RequireServerEKU: true, Name: NameRule{NameSubject, "C=DE, O=Example Ltd, CN=gw"},
			PeerFingerprints: []string{strings.Repeat("0a", 32)}},
		ControlChannel: ControlChannel{Mode: TLSAuth, Key: secretText(secretDigits), KeyDirection: &one, Digest: "SHA512"},
		DNS: DNS{Servers: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("2001:db8::4")}, Suffixes: []string{"corp.example", "vnet.example"},
			SearchDomains: []string{"corp.example"}, BlockOutside: true},
		IncludeRoutes: prefixes("10.0.0.0/8", "2001:db8::/32", "192.0.2.1/32"), ExcludeRoutes: prefixes("198.51.100.0/24"),
		OpenVPN: OpenVPN{DataCiphers: []string{"AES-256-GCM", "CHACHA20-POLY1305", "AES-128-CBC"}, FallbackCipher: "AES-256-CBC", Auth: "SHA512", TLSVersionMin: 0x303, TLSVersionMax: 0x304,
			TLSTimeout: 5 * time.Second, HandshakeWindow: time.Minute, TransitionWindow: time.Hour, RenegotiateAfter: Never, RenegotiateBytes: 1 << 30, RenegotiatePackets: 1 << 20,
			TunMTU: 1400, MSSFix: &size, MSSFixMode: "mtu", Ping: 10 * time.Second, PingRestart: time.Minute, Inactive: time.Hour, InactiveBytes: 1000,
			SessionTimeout: time.Hour, ReplayWindow: 128, MaxPacketSize: 1200, ExplicitExitNotify: 2, Compression: "stub-v2", ConnectTimeout: 10 * time.Second, ConnectRetry: 2 * time.Second,
			ConnectRetryMax: 3, RouteNoPull: true, PullFilters: []PullFilter{{Action: "ignore", Prefix: "dhcp-option DNS"}, {Action: "accept"}}, RedirectGateway: []string{"def1", "ipv6"}, PushPeerInfo: true,
			PeerInfo: map[string]string{"UV_TEAM": "blue green"}, NoBind: true, Float: true, AuthRetry: "interact", AuthNoCache: true, DisableDCO: true},
	}
	withRoots := *p
	withRoots.Gateway.PeerFingerprints, withRoots.Gateway.Roots = nil, append(withRoots.Gateway.Roots, root)
	withRoots.OpenVPN.Compression, withRoots.OpenVPN.Ping, withRoots.OpenVPN.PingRestart, withRoots.OpenVPN.RedirectGateway = "comp-lzo", Never, Never, []string{"private", "def1"}
	withRoots.ControlChannel = ControlChannel{Mode: TLSCrypt, Key: secretText(secretDigits)}
	withRoots.Transport, withRoots.Servers = TCP, []Server{{Host: "127.0.0.1", Port: 1}}
	withRoots.OpenVPN.ExplicitExitNotify = 0
	withRoots.Proxy = &Proxy{Type: HTTPProxy, Host: "127.0.0.1", Port: 1, Username: "proxy", Password: "pass"}
	withRoots.DNS.Suffixes = nil
	for _, profile := range []*Profile{p, &withRoots} {
		config, err := Export(profile, FormatOVPN)
		if err != nil {
			t.Fatal(err)
		}
		if output := startOpenVPN(t, openvpn, config); !strings.Contains(output, "library versions:") || strings.Contains(output, "Options error") {
			t.Errorf("OpenVPN says\n%s\nof\n%s", output, config)
		}
		if problem := roundTrip(profile, FormatOVPN); problem != "" {
			t.Error(problem)
		}
	}
}

// startOpenVPN runs OpenVPN until it has read its options, and returns what it printed.
func startOpenVPN(t *testing.T, openvpn string, config []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "client.ovpn")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	command := exec.CommandContext(ctx, openvpn, "--config", path, "--dev", "null", "--ifconfig-noexec", "--route-noexec", "--connect-retry-max", "1", "--verb", "3")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		output.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "library versions:") {
			cancel()
		}
	}
	command.Wait() // it was killed, or ended with an error that the output tells
	return output.String()
}
