package gateway

import (
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
)

// inner is what a client's data has to keep to.
type inner struct {
	ipv4, ipv6 netip.Addr     // that it may send from; not valid: none
	networks   []netip.Prefix // the same
	mss        mssfix.Limit
}

// allows reports whether a packet from the client is one of its own.
func (i *inner) allows(packet []byte) bool {
	address := source(packet)
	if !address.IsValid() {
		return false
	}
	if address == i.ipv4 || address == i.ipv6 {
		return true
	}
	for _, prefix := range i.networks {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}
