package gateway

import (
	"errors"
	"net/netip"
	"sync"
)

// errPoolExhausted says that every address of the pool is given to a client.
var errPoolExhausted = errors.New("address pool is exhausted")

// maxLeases bounds how many addresses of a large pool are used.
const maxLeases = 1 << 16

// maxRemembered bounds how many names the pool remembers the last address of.
const maxRemembered = 4096

// lease is the addresses of one client inside the tunnel.
type lease struct {
	host int        // number within both pools
	ipv4 netip.Addr // not valid: none
	ipv6 netip.Addr // not valid: none
}

// pool gives addresses to clients: the same number in both families, and to a name that comes back what it had, if that is free.
type pool struct {
	ipv4, ipv6 netip.Prefix
	hosts      int // numbers 2 to hosts+1 are given out; 1 is the gateway

	mu     sync.Mutex
	taken  map[int]bool
	last   map[string]int // by name
	search int            // where the last search ended, so that a released address rests a while
}

func newPool(ipv4, ipv6 netip.Prefix) *pool {
	hosts := maxLeases
	if ipv4.IsValid() {
		// The network, broadcast and gateway addresses are not given out.
		hosts = min(hosts, hostsIn(ipv4)-3)
	}
	if ipv6.IsValid() {
		hosts = min(hosts, hostsIn(ipv6)-2)
	}
	return &pool{ipv4: ipv4.Masked(), ipv6: ipv6.Masked(), hosts: hosts, taken: make(map[int]bool), last: make(map[string]int)}
}

// hostsIn is how many addresses a prefix has, as far as that matters.
func hostsIn(prefix netip.Prefix) int {
	bits := min(prefix.Addr().BitLen()-prefix.Bits(), 24)
	return 1 << bits
}

// acquire takes an address for a client of that name.
func (p *pool) acquire(name string) (lease, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.taken) >= p.hosts {
		return lease{}, errPoolExhausted
	}
	host, remembered := p.last[name]
	if !remembered || name == "" || p.taken[host] {
		host = p.free()
	}
	p.taken[host] = true
	if name != "" && (len(p.last) < maxRemembered || remembered) {
		p.last[name] = host
	}
	return lease{host: host, ipv4: numbered(p.ipv4, host), ipv6: numbered(p.ipv6, host)}, nil
}

// free finds a number that is not taken; there is one.
func (p *pool) free() int {
	for {
		host := 2 + p.search
		p.search = (p.search + 1) % p.hosts
		if !p.taken[host] {
			return host
		}
	}
}

// release gives an address back.
func (p *pool) release(l lease) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.taken, l.host)
}

// gateway4 and gateway6 are the gateway's own addresses inside the tunnel.
func (p *pool) gateway4() netip.Addr { return numbered(p.ipv4, 1) }
func (p *pool) gateway6() netip.Addr { return numbered(p.ipv6, 1) }

// numbered is the address with a number in a pool, not valid where there is no pool.
func numbered(prefix netip.Prefix, host int) netip.Addr {
	if !prefix.IsValid() {
		return netip.Addr{}
	}
	bytes := prefix.Addr().AsSlice()
	for i := len(bytes) - 1; host > 0; i-- {
		sum := int(bytes[i]) + host&0xff
		bytes[i] = byte(sum)
		host = host>>8 + sum>>8
	}
	address, _ := netip.AddrFromSlice(bytes)
	return address
}
