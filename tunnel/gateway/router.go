package gateway

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
)

// router finds the client that a packet is for, by its destination: the client's own address, else the longest of the
// networks behind clients. Lookups take no lock; changes copy the table.
type router struct {
	changing sync.Mutex
	table    atomic.Pointer[routes]
}

type routes struct {
	hosts    map[netip.Addr]*client
	networks []network // longest first
}

type network struct {
	prefix netip.Prefix
	client *client
}

func newRouter() *router {
	r := &router{}
	r.table.Store(&routes{hosts: make(map[netip.Addr]*client)})
	return r
}

// change replaces the table with a changed copy.
func (r *router) change(f func(*routes)) {
	r.changing.Lock()
	defer r.changing.Unlock()
	old := r.table.Load()
	changed := &routes{hosts: make(map[netip.Addr]*client, len(old.hosts)+2), networks: slices.Clone(old.networks)}
	for address, client := range old.hosts {
		changed.hosts[address] = client
	}
	f(changed)
	r.table.Store(changed)
}

// add makes a client reachable.
func (r *router) add(c *client, l lease, networks []netip.Prefix) {
	r.change(func(t *routes) {
		for _, address := range []netip.Addr{l.ipv4, l.ipv6} {
			if address.IsValid() {
				t.hosts[address] = c
			}
		}
		for _, prefix := range networks {
			t.networks = append(t.networks, network{prefix.Masked(), c})
		}
		slices.SortStableFunc(t.networks, func(a, b network) int { return b.prefix.Bits() - a.prefix.Bits() })
	})
}

// remove forgets a client.
func (r *router) remove(c *client) {
	r.change(func(t *routes) {
		for address, client := range t.hosts {
			if client == c {
				delete(t.hosts, address)
			}
		}
		t.networks = slices.DeleteFunc(t.networks, func(n network) bool { return n.client == c })
	})
}

// find is whose an address is; nil: nobody's.
func (t *routes) find(address netip.Addr) *client {
	if client := t.hosts[address]; client != nil {
		return client
	}
	for i := range t.networks {
		if t.networks[i].prefix.Contains(address) {
			return t.networks[i].client
		}
	}
	return nil
}

// Offsets in IP headers (RFC 791 section 3.1, RFC 8200 section 3).
const (
	header4, source4, destination4 = 20, 12, 16
	header6, source6, destination6 = 40, 8, 24
)

// destination is where an IP packet goes; not valid where the bytes are no IP packet.
func destination(packet []byte) netip.Addr {
	switch {
	case len(packet) >= header4 && packet[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(packet[destination4:]))
	case len(packet) >= header6 && packet[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(packet[destination6:]))
	}
	return netip.Addr{}
}

// source is where an IP packet comes from; not valid where the bytes are no IP packet, or are not as long as their header says.
func source(packet []byte) netip.Addr {
	switch {
	case len(packet) >= header4 && packet[0]>>4 == 4 && int(binary.BigEndian.Uint16(packet[2:])) == len(packet):
		return netip.AddrFrom4([4]byte(packet[source4:]))
	case len(packet) >= header6 && packet[0]>>4 == 6 && int(binary.BigEndian.Uint16(packet[4:]))+header6 == len(packet):
		return netip.AddrFrom16([16]byte(packet[source6:]))
	}
	return netip.Addr{}
}
