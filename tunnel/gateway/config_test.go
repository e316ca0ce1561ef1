package gateway

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

func TestConfigIsChecked(t *testing.T) {
	good := func() Config {
		return Config{Listeners: newConversation(t, nil).config.Listeners, TLS: &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}, IPv4: netip.MustParsePrefix("10.99.0.0/24")}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"nothing to listen at", func(c *Config) { c.Listeners = nil }, "nothing to listen at"},
		{"no TLS", func(c *Config) { c.TLS = nil }, "no TLS configuration"},
		{"anybody could come in", func(c *Config) { c.TLS = &tls.Config{} }, "no Authenticate"},
		{"no pool", func(c *Config) { c.IPv4 = netip.Prefix{} }, "no address pool"},
		{"tiny pool", func(c *Config) { c.IPv4 = netip.MustParsePrefix("10.0.0.0/31") }, "no pool of IPv4"},
		{"pool of the wrong family", func(c *Config) { c.IPv6 = c.IPv4 }, "no pool of IPv6"},
		{"MTU", func(c *Config) { c.TunMTU = 10 }, "tun-mtu"},
		{"cipher", func(c *Config) { c.Ciphers = []string{"BF-CBC"} }, "BF-CBC"},
		{"tls-auth without key", func(c *Config) { c.Wrap.Mode = tlswrap.Auth }, "no key"},
		{"option with a comma", func(c *Config) { c.Push = []string{"route 10.0.0.0,255.0.0.0"} }, "comma"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := good()
			test.change(&config)
			if _, err := New(config); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v", err)
			}
		})
	}
}
