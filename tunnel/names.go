package tunnel

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// lookupLimit bounds one look-up of the gateway's name.
const lookupLimit = 5 * time.Second

// nameMemory resolves the gateway's names. While a tunnel is set up the system's DNS may lead through it, so a name
// that resolved before is not asked again until connecting to its addresses failed.
type nameMemory struct {
	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)

	mu      sync.Mutex
	known   map[string][]netip.Addr // by "ip4 host" or "ip6 host"
	suspect map[string]bool         // connecting failed: ask again, but keep what is known in case that fails
}

func newNameMemory() *nameMemory {
	return &nameMemory{resolve: net.DefaultResolver.LookupNetIP, known: map[string][]netip.Addr{}, suspect: map[string]bool{}}
}

// LookupNetIP resolves a host like net.Resolver.LookupNetIP.
func (n *nameMemory) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	key := network + " " + host
	n.mu.Lock()
	known, suspect := n.known[key], n.suspect[key]
	n.mu.Unlock()
	if len(known) > 0 && !suspect {
		return slices.Clone(known), nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupLimit)
	defer cancel()
	fresh, err := n.resolve(ctx, network, host)
	if err != nil {
		if len(known) > 0 {
			return slices.Clone(known), nil
		}
		return nil, err
	}
	for i := range fresh {
		fresh[i] = fresh[i].Unmap()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[key] = fresh
	delete(n.suspect, key)
	return slices.Clone(fresh), nil
}

// doubt says that connecting to the host's addresses failed.
func (n *nameMemory) doubt(host string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, network := range []string{"ip4", "ip6"} {
		n.suspect[network+" "+host] = true
	}
}

// addresses returns what is known of a host, itself where it is an address.
func (n *nameMemory) addresses(host string) []netip.Addr {
	if address, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{address.Unmap()}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Concat(n.known["ip4 "+host], n.known["ip6 "+host])
}
