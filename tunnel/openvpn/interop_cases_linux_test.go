package openvpn

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// fails drives a client to its end.
func (c *caller) fails(limit time.Duration) *Failure {
	c.t.Helper()
	if !c.until(limit, func() bool { return c.client.Failure() != nil }) {
		c.t.Fatalf("session does not fail; stage %v", c.client.Stage())
	}
	return c.client.Failure()
}

func TestCiphersAgainstOpenVPN(t *testing.T) {
	for _, test := range []struct {
		cipher    string
		arguments []string
	}{
		{"AES-128-GCM", nil},
		{"CHACHA20-POLY1305", nil},
		{"AES-256-CBC", []string{"--auth", "SHA256"}},
		{"AES-256-GCM", []string{"--compress", "stub-v2", "--push", "compress stub-v2"}},
		{"AES-256-GCM", []string{"--comp-lzo", "no", "--push", "comp-lzo no"}},
		{"AES-128-CBC", []string{"--compress", "stub", "--push", "compress stub", "--auth", "SHA256"}},
	} {
		for _, stream := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s %s stream=%v", test.cipher, strings.Join(test.arguments, " "), stream), func(t *testing.T) {
				d := startDaemon(t, stream, append([]string{"--data-ciphers", test.cipher}, test.arguments...)...)
				config := d.config(stream)
				config.Digest = "SHA256"
				config.DataCiphers = []string{"AES-256-GCM", "AES-128-GCM", "CHACHA20-POLY1305", "AES-256-CBC", "AES-128-CBC"}
				c := d.call(config)
				if established := c.connect(); established.Cipher != test.cipher {
					t.Errorf("established with %s", established.Cipher)
				}
				if !c.answered(1) {
					t.Error("no answer to a ping through the tunnel")
				}
			})
		}
	}
}

// TestServerRenegotiates keeps pinging while the server renegotiates every two seconds. No ping may get lost.
func TestServerRenegotiates(t *testing.T) {
	for _, stream := range []bool{true, false} {
		t.Run(fmt.Sprintf("stream=%v", stream), func(t *testing.T) {
			d := startDaemon(t, stream, "--reneg-sec", "2")
			c := d.call(d.config(stream))
			c.connect()
			if !c.answered(1) {
				t.Fatal("no answer to a ping through the tunnel")
			}
			sequence, lost := uint16(100), 0
			for end := time.Now().Add(6 * time.Second); time.Now().Before(end); sequence++ {
				c.ping(sequence)
				if !c.until(time.Second, func() bool { return c.replies[sequence] || c.client.Failure() != nil }) {
					lost++
				}
				c.until(10*time.Millisecond, func() bool { return false })
			}
			if lost > 0 || c.client.Failure() != nil {
				t.Errorf("%d of %d pings lost, failure %v", lost, sequence-100, c.client.Failure())
			}
			changed := 0
			for _, event := range c.events {
				if key, ok := event.(KeyChanged); ok && key.ByGateway {
					changed++
				}
			}
			if changed < 2 {
				t.Errorf("%d renegotiations", changed)
			}
		})
	}
}

// TestPasswordAgainstOpenVPN signs in with the longest password that Debian's server takes, gets a token, and uses it.
func TestPasswordAgainstOpenVPN(t *testing.T) {
	password := strings.Repeat("p", 127)
	for _, test := range []struct {
		name, password string
		want           Code
	}{{"right", password, ""}, {"wrong", "wrong", AuthFailed}} {
		t.Run(test.name, func(t *testing.T) {
			script := t.TempDir() + "/verify"
			d := startDaemonWith(t, true, map[string]string{script: "#!/bin/sh\n[ \"$(tail -n 1 \"$1\")\" = " + password + " ]\n"},
				"--verify-client-cert", "none", "--auth-user-pass-verify", script, "via-file", "--script-security", "2", "--auth-gen-token", "--username-as-common-name")
			config := d.config(true)
			config.TLS.Certificates, config.AsksCredential = nil, true
			client := d.prepare(config)
			client.credential = Credential{Username: "user", Password: keymethod.Secret(test.password)}
			client.client.Start(time.Now())
			if test.want != "" {
				if f := client.fails(15 * time.Second); f.Code != test.want {
					t.Errorf("%v", f)
				}
				return
			}
			client.connect()
			if client.client.sign.token == nil {
				t.Fatal("no token")
			}
			client.credential = Credential{Cancel: true} // it must not be asked for
			client.client.Renegotiate(time.Now(), "test")
			if !client.until(10*time.Second, func() bool { return client.client.current.channel.KeyID() == 1 || client.client.Failure() != nil }) || client.client.Failure() != nil {
				t.Fatalf("renegotiation: %v", client.client.Failure())
			}
			client.client.useKey(client.client.current)
			if !client.answered(1) {
				t.Error("no answer to a ping with the new key")
			}
			if !client.client.sign.usedToken {
				t.Error("the token was not used")
			}
		})
	}
}

func TestFailuresAgainstOpenVPN(t *testing.T) {
	right, wrong := tlswrap.GenerateStaticKey(), tlswrap.GenerateStaticKey()
	auth := func(key *tlswrap.StaticKey) tlswrap.Config {
		return tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA1", Direction: tlswrap.Inverse}
	}
	for _, test := range []struct {
		name   string
		stream bool
		change func(d *daemon, config *Config)
		want   []Code // any of them
	}{
		{"tls-auth key, TCP", true, func(_ *daemon, c *Config) { c.Wrap = auth(wrong) }, []Code{ClosedAfterReset}},
		{"tls-auth key, UDP", false, func(_ *daemon, c *Config) { c.Wrap, c.HandshakeWindow = auth(wrong), 2*time.Second }, []Code{NoAnswer}},
		{"no tls-auth, TCP", true, func(_ *daemon, c *Config) { c.Wrap = tlswrap.Config{} }, []Code{ClosedAfterReset}},
		{"unknown client certificate, TLS 1.3", true, func(d *daemon, c *Config) {
			c.TLS.Certificates = []tls.Certificate{newAuthority(d.t).issue(d.t, "client", x509.ExtKeyUsageClientAuth, epoch().AddDate(5, 0, 0))}
		}, []Code{CertificateRefused, ClosedAfterKeyMaterial}},
		{"unknown client certificate, TLS 1.2", true, func(d *daemon, c *Config) {
			c.TLS.Certificates = []tls.Certificate{newAuthority(d.t).issue(d.t, "client", x509.ExtKeyUsageClientAuth, epoch().AddDate(5, 0, 0))}
			c.TLS.MaxVersion = tls.VersionTLS12
		}, []Code{CertificateRefused, ClosedDuringTLS}},
		{"expired client certificate", true, func(d *daemon, c *Config) {
			c.TLS.Certificates = []tls.Certificate{d.ca.issue(d.t, "client", x509.ExtKeyUsageClientAuth, epoch().AddDate(0, 0, -1))}
		}, []Code{CertificateExpired, CertificateRefused, ClosedAfterKeyMaterial}},
		{"no client certificate", true, func(_ *daemon, c *Config) { c.TLS.Certificates = nil }, []Code{CertificateMissing, ClosedAfterKeyMaterial}},
		{"wrong root", false, func(d *daemon, c *Config) { c.TLS.RootCAs = newAuthority(d.t).pool }, []Code{GatewayRefused}},
		{"cipher", true, func(_ *daemon, c *Config) { c.DataCiphers = []string{"AES-256-CBC"} }, []Code{AuthFailed}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := startDaemonWith(t, test.stream, map[string]string{"ta.key": right.PEM()}, "--tls-auth", "ta.key", "0")
			config := d.config(test.stream)
			config.Wrap = auth(right)
			test.change(d, &config)
			f := d.call(config).fails(15 * time.Second)
			for _, code := range test.want {
				if f.Code == code {
					return
				}
			}
			t.Errorf("got %v at %v, want one of %q", f, f.Stage, test.want)
		})
	}
}

// TestConfigurationAgainstOpenVPN pulls 1,500 routes, name servers and IPv6, and hears the server restart.
func TestConfigurationAgainstOpenVPN(t *testing.T) {
	var pushed strings.Builder
	for i := range 1500 {
		fmt.Fprintf(&pushed, "push \"route 10.%d.%d.0 255.255.255.0\"\n", 100+i/256, i%256)
	}
	pushed.WriteString("push \"dhcp-option DNS 10.0.0.53\"\npush \"dhcp-option DOMAIN corp.example\"\npush \"dns server 1 address 10.0.0.54 [fd00:1::53]:853\"\n")
	d := startDaemonWith(t, false, map[string]string{"pushed.conf": pushed.String()}, "--config", "pushed.conf", "--server-ipv6", "fd00:8::/64", "--explicit-exit-notify", "1")
	c := d.call(d.config(false))
	options := c.connect().Options
	if len(options.Routes) != 1500 || len(options.Refused) != 0 {
		t.Errorf("%d routes, refused %v", len(options.Routes), options.Refused)
	}
	if options.Topology != push.Subnet || !netip.MustParsePrefix("10.8.0.0/24").Contains(options.Ifconfig.Address) ||
		!netip.MustParsePrefix("fd00:8::/64").Contains(options.IfconfigIPv6.Prefix.Addr()) {
		t.Errorf("addresses %+v %+v", options.Ifconfig, options.IfconfigIPv6)
	}
	if len(options.DHCP.DNS) != 1 || len(options.DNS.Servers) != 1 || len(options.DNS.Servers[0].Addresses) != 2 {
		t.Errorf("name servers %+v %+v", options.DHCP, options.DNS)
	}
	if err := d.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if f := c.fails(10 * time.Second); f.Code != GatewayRestart {
		t.Errorf("%v", f)
	}
}
