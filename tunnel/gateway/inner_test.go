package gateway

import (
	"net/netip"
	"testing"
)

func TestClientsSendFromTheirOwnAddresses(t *testing.T) {
	i := inner{ipv4: netip.MustParseAddr("10.99.0.2"), networks: []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16")}}
	tests := []struct {
		name   string
		packet []byte
		want   bool
	}{
		{"own address", packet4("10.99.0.2", "10.1.0.1", 8), true},
		{"own network", packet4("10.7.3.3", "10.1.0.1", 8), true},
		{"another client", packet4("10.99.0.3", "10.1.0.1", 8), false},
		{"IPv6 without having it", packet6("fd00:99::2", "fd00::1", 8), false},
		{"unspecified IPv6", packet6("::", "fd00::1", 8), false},
		{"cut", packet4("10.99.0.2", "10.1.0.1", 8)[:24], false},
		{"longer than it says", append(packet4("10.99.0.2", "10.1.0.1", 8), 0), false},
		{"no IP", []byte("not an IP packet, just some text"), false},
		{"nothing", nil, false},
	}
	for _, test := range tests {
		if got := i.allows(test.packet); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func FuzzInnerPacket(f *testing.F) {
	f.Add(packet4("10.99.0.2", "10.1.0.1", 8))
	f.Add(packet6("fd00::1", "fd00::2", 8))
	f.Add([]byte{0x45, 0, 0, 20})
	own := inner{ipv4: netip.MustParseAddr("10.99.0.2"), ipv6: netip.MustParseAddr("fd00::1")}
	f.Fuzz(func(t *testing.T, p []byte) {
		from, to := source(p), destination(p)
		if from.IsValid() && !to.IsValid() {
			t.Error("a packet has a source and no destination")
		}
		if own.allows(p) && from != own.ipv4 && from != own.ipv6 {
			t.Errorf("packet from %v is allowed", from)
		}
	})
}
