package gateway

import (
	"net/netip"
	"testing"
)

// packet4 is an IPv4 packet of a header without protocol and a payload of zeros.
func packet4(from, to string, payload int) []byte {
	b := make([]byte, header4+payload)
	b[0] = 0x45
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	copy(b[source4:], netip.MustParseAddr(from).AsSlice())
	copy(b[destination4:], netip.MustParseAddr(to).AsSlice())
	return b
}

func packet6(from, to string, payload int) []byte {
	b := make([]byte, header6+payload)
	b[0] = 0x60
	b[4], b[5] = byte(payload>>8), byte(payload)
	copy(b[source6:], netip.MustParseAddr(from).AsSlice())
	copy(b[destination6:], netip.MustParseAddr(to).AsSlice())
	return b
}

func TestRouterPrefersTheLongest(t *testing.T) {
	r := newRouter()
	near, wide, narrow := &client{}, &client{}, &client{}
	r.add(near, lease{ipv4: netip.MustParseAddr("10.99.0.2"), ipv6: netip.MustParseAddr("fd00:99::2")}, nil)
	r.add(wide, lease{ipv4: netip.MustParseAddr("10.99.0.3")}, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	r.add(narrow, lease{ipv4: netip.MustParseAddr("10.99.0.4")}, []netip.Prefix{netip.MustParsePrefix("10.7.0.0/16")})
	tests := []struct {
		packet []byte
		want   *client
	}{
		{packet4("192.0.2.1", "10.99.0.2", 0), near},
		{packet6("fd00::1", "fd00:99::2", 0), near},
		{packet4("192.0.2.1", "10.99.0.9", 0), wide},
		{packet4("192.0.2.1", "10.7.1.1", 0), narrow},
		{packet4("192.0.2.1", "192.0.2.2", 0), nil},
		{packet6("fd00::1", "fd00:99::3", 0), nil},
		{[]byte{0x45}, nil},
		{nil, nil},
	}
	for _, test := range tests {
		if got := r.table.Load().find(destination(test.packet)); got != test.want {
			t.Errorf("%x goes to %p, want %p", test.packet, got, test.want)
		}
	}
	r.remove(wide)
	if got := r.table.Load().find(netip.MustParseAddr("10.99.0.9")); got != nil {
		t.Error("a client that left is still found")
	}
	if got := r.table.Load().find(netip.MustParseAddr("10.7.1.1")); got != narrow {
		t.Error("a client is lost with another")
	}
}
