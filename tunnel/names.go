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

// knownPatience is how long what is known of a name waits for a newer answer: name servers behind a tunnel that is down do not answer.
const knownPatience = 500 * time.Millisecond

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
	answers := make(chan lookup, 1)
	go func() {
		// The look-up outlives a caller that went on with what is known: its answer is for the next attempt.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookupLimit)
		defer cancel()
		answers <- n.ask(limited, network, host)
	}()
	patience := lookupLimit
	if len(known) > 0 {
		patience = knownPatience
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-answers:
		if answer.err != nil && len(known) > 0 {
			return slices.Clone(known), nil
		}
		return answer.addresses, answer.err
	case <-timer.C:
		if len(known) > 0 {
			return slices.Clone(known), nil
		}
		answer := <-answers // its limit is over too
		return answer.addresses, answer.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// lookup is what the name service answered.
type lookup struct {
	addresses []netip.Addr
	err       error
}

// ask asks the name service, and remembers its answer.
func (n *nameMemory) ask(ctx context.Context, network, host string) lookup {
	fresh, err := n.resolve(ctx, network, host)
	if err != nil {
		return lookup{err: err}
	}
	for i := range fresh {
		fresh[i] = fresh[i].Unmap()
	}
	key := network + " " + host
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[key] = fresh
	delete(n.suspect, key)
	return lookup{addresses: slices.Clone(fresh)}
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
