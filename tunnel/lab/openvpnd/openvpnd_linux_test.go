package openvpnd_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

const gatewayName = "3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001.vpn.azure.com"

// lan is two computers on one cable, and the certificates.
type lan struct {
	laptop, gateway *netns.Namespace
	certificates    *pki.Set
	client          *pki.Identity
}

func newLAN(t *testing.T) *lan {
	t.Helper()
	l := &lan{laptop: netnstest.New(t, "laptop"), gateway: netnstest.New(t, "gateway")}
	if err := netns.Connect(l.laptop, "eth0", l.gateway, "eth0"); err != nil {
		t.Fatal(err)
	}
	for address, namespace := range map[string]*netns.Namespace{"203.0.113.10/24": l.laptop, "203.0.113.1/24": l.gateway} {
		if err := namespace.AddAddress("eth0", netip.MustParsePrefix(address)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.gateway.AddAddress("lo", netip.MustParsePrefix("10.10.0.4/32")); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.certificates, err = pki.NewSet(gatewayName); err != nil {
		t.Fatal(err)
	}
	if l.client, err = l.certificates.Client("alice", pki.RSA); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *lan) options(proto string) openvpnd.Options {
	return openvpnd.Options{
		Namespace: l.gateway, Listen: netip.MustParseAddrPort("203.0.113.1:443"), Proto: proto,
		Identity: l.certificates.Gateway, Roots: []*pki.Authority{l.certificates.ClientRoot},
		IPv4: netip.MustParsePrefix("172.16.201.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		Ping: 10 * time.Second, PingTimeout: 60 * time.Second,
	}
}

// config is a client's configuration for the gateway of options, without user's credentials.
func (l *lan) config(t *testing.T, proto string, lines ...string) string {
	t.Helper()
	return fmt.Sprintf("client\ndev tun\nproto %s\nremote 203.0.113.1 443\nnobind\nremote-cert-tls server\nverify-x509-name %s name\nverb 3\n<ca>\n%s</ca>\n%s\n",
		proto, gatewayName, l.certificates.GatewayRoot.PEM(), strings.Join(lines, "\n"))
}

func (l *lan) identity(t *testing.T, identity *pki.Identity) string {
	t.Helper()
	key, err := identity.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("<cert>\n%s</cert>\n<key>\n%s</key>", identity.CertificatePEM(), key)
}

func start(t *testing.T, ctx context.Context, options openvpnd.Options) *openvpnd.Gateway {
	t.Helper()
	gateway, err := openvpnd.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gateway.Stop(); err != nil {
			t.Error(err)
		}
	})
	return gateway
}

func connect(t *testing.T, ctx context.Context, options openvpnd.ClientOptions) *openvpnd.Process {
	t.Helper()
	client, err := openvpnd.ConnectClient(ctx, options)
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

func ping(t *testing.T, from *netns.Namespace, address string) {
	t.Helper()
	connection, err := from.Dial(t.Context(), "tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 9).String())
	if err == nil {
		connection.Close()
	} else if !strings.Contains(err.Error(), "refused") { // an answer from the other end
		t.Error(err)
	}
}

func TestEveryWrap(t *testing.T) {
	l := newLAN(t)
	static, server := tlswrap.GenerateStaticKey(), tlswrap.GenerateServerKey()
	clientKey, err := server.NewClientKey(tlswrap.TimestampMetadata(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, proto, client string
		change              func(*openvpnd.Options)
	}{
		{"none over TCP", "tcp", "", func(o *openvpnd.Options) { o.TLSMax = "1.2" }},
		{"none over UDP", "udp", "", func(o *openvpnd.Options) { o.TLSMin = "1.3" }},
		{"tls-auth SHA256", "tcp", "auth SHA256\nkey-direction 1\n<tls-auth>\n" + static.PEM() + "</tls-auth>", func(o *openvpnd.Options) {
			o.Wrap, o.StaticKey, o.Auth = tlswrap.Auth, static, "SHA256"
		}},
		{"tls-auth without direction", "udp", "auth SHA512\n<tls-auth>\n" + static.PEM() + "</tls-auth>", func(o *openvpnd.Options) {
			o.Wrap, o.StaticKey, o.Auth, o.NoDirection = tlswrap.Auth, static, "SHA512", true
		}},
		{"tls-crypt", "udp", "<tls-crypt>\n" + static.PEM() + "</tls-crypt>", func(o *openvpnd.Options) {
			o.Wrap, o.StaticKey, o.Ciphers = tlswrap.Crypt, static, []string{"CHACHA20-POLY1305"}
		}},
		{"tls-crypt-v2", "tcp", "<tls-crypt-v2>\n" + clientKey.PEM() + "</tls-crypt-v2>", func(o *openvpnd.Options) {
			o.Wrap, o.ServerKey = tlswrap.CryptV2, server
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
			defer cancel()
			options := l.options(test.proto)
			test.change(&options)
			start(t, ctx, options)
			connect(t, ctx, openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, test.proto, test.client, l.identity(t, l.client))})
			ping(t, l.laptop, "10.10.0.4")
		})
	}
}

func TestUsers(t *testing.T) {
	l := newLAN(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	options := l.options("tcp")
	options.Users = map[string]string{"alice": `it's "a" $ecret`, "bob": strings.Repeat("long", 60)}
	gateway := start(t, ctx, options)
	client := connect(t, ctx, openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "tcp"), Username: "alice", Password: options.Users["alice"]})
	if err := client.Stop(); err != nil {
		t.Fatal(err)
	}
	connect(t, ctx, openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "tcp"), Username: "bob", Password: options.Users["bob"]})
	ping(t, l.laptop, "10.10.0.4")
	refused, err := openvpnd.StartClient(openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "tcp"), Username: "alice", Password: "guess"})
	if err != nil {
		t.Fatal(err)
	}
	defer refused.Stop()
	if _, err := refused.WaitLog(ctx, regexp.MustCompile("AUTH_FAILED")); err != nil {
		t.Error(err)
	}
	for _, line := range gateway.Log() {
		if strings.Contains(line, options.Users["alice"]) {
			t.Errorf("the password is in the log: %s", line)
		}
	}
}

func TestKillRestartAndManage(t *testing.T) {
	l := newLAN(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	options := l.options("udp")
	options.Push = []string{`dhcp-option DNS 10.10.0.53`, `echo "quoted \ text"`}
	options.Directory = t.TempDir()
	gateway := start(t, ctx, options)
	version, err := gateway.Manage(ctx, "version")
	if err != nil || !strings.Contains(strings.Join(version, "\n"), "OpenVPN 2.") {
		t.Errorf("version: %q, %v", version, err)
	}
	if _, err := gateway.Manage(ctx, "no-such-command"); err == nil {
		t.Error("no error from an unknown command")
	}
	first := gateway.PID()
	if err := gateway.Kill(); err != nil {
		t.Fatal(err)
	}
	if gateway.Exit() == nil {
		t.Error("killed, yet exit is nil")
	}
	if err := gateway.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if gateway.PID() == first {
		t.Error("same process after restart")
	}
	client := connect(t, ctx, openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "udp", l.identity(t, l.client))})
	if line, err := client.WaitLog(ctx, regexp.MustCompile("PUSH_REPLY")); err != nil || !strings.Contains(line, "dhcp-option DNS 10.10.0.53") {
		t.Errorf("pushed %q, %v", line, err)
	}
	if err := gateway.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(options.Directory, "openvpn.log")); err != nil {
		t.Errorf("log of a kept directory: %v", err)
	}
}

func TestManyRoutesAndIPv6(t *testing.T) {
	l := newLAN(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	options := l.options("tcp")
	options.IPv6 = netip.MustParsePrefix("fd00:201::/64")
	options.Routes = []netip.Prefix{netip.MustParsePrefix("fd00:10::/48")}
	for i := range 1500 {
		options.Routes = append(options.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(100 + i/256), byte(i), 0}), 24))
	}
	start(t, ctx, options)
	connect(t, ctx, openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "tcp", l.identity(t, l.client))})
	output, err := l.laptop.Command(ctx, "ip", "route", "show", "dev", "tun0").Output()
	if count := strings.Count(string(output), "via"); err != nil || count != 1500 {
		t.Errorf("%d routes, %v", count, err)
	}
	output, err = l.laptop.Command(ctx, "ip", "-6", "route", "show", "fd00:10::/48").Output()
	if err != nil || !strings.Contains(string(output), "tun0") {
		t.Errorf("IPv6 route: %q, %v", output, err)
	}
}

func TestRevokedClientIsRefused(t *testing.T) {
	l := newLAN(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	options := l.options("tcp")
	var err error
	if options.Revoked, err = l.certificates.ClientRoot.NewRevocationList(l.client.Certificate); err != nil {
		t.Fatal(err)
	}
	gateway := start(t, ctx, options)
	client, err := openvpnd.StartClient(openvpnd.ClientOptions{Namespace: l.laptop, Config: l.config(t, "tcp", l.identity(t, l.client))})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Stop()
	if _, err := gateway.WaitLog(ctx, regexp.MustCompile("certificate revoked")); err != nil {
		t.Error(err)
	}
}

func TestBadConfigurationIsAnError(t *testing.T) {
	l := newLAN(t)
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	options := l.options("tcp")
	options.Further = []string{"no-such-option"}
	if gateway, err := openvpnd.Start(ctx, options); err == nil {
		gateway.Stop()
		t.Error("started")
	} else if !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("the error does not say why: %v", err)
	}
	options = l.options("smoke signals")
	if _, err := openvpnd.Start(ctx, options); err == nil {
		t.Error("started over smoke signals")
	}
}
