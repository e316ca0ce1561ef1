package site

import (
	"maps"
	"net"
	"net/netip"
	"sync"
)

// maxSources bounds the addresses that are remembered.
const maxSources = 10_000

// visits counts by source address.
type visits struct {
	mu     sync.Mutex
	counts map[netip.Addr]int
}

func (v *visits) add(source net.Addr) netip.Addr {
	address := addressOf(source)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.counts == nil {
		v.counts = make(map[netip.Addr]int)
	}
	if _, known := v.counts[address]; known || len(v.counts) < maxSources {
		v.counts[address]++
	}
	return address
}

func (v *visits) snapshot() map[netip.Addr]int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.counts)
}

func addressOf(source net.Addr) netip.Addr {
	endpoint, err := netip.ParseAddrPort(source.String())
	if err != nil {
		return netip.Addr{}
	}
	return endpoint.Addr().Unmap()
}
