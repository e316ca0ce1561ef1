package transport

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
)

// resolutionDelay is how long the addresses of one family wait for those of the other (RFC 8305 section 3).
const resolutionDelay = 50 * time.Millisecond

// target is whom to connect to, and what the stages of doing so are called.
type target struct {
	host             string
	port             uint16
	resolve, connect Stage
}

// Resolve looks up the addresses of the gateway, or with a proxy those of the proxy, in the order in which to try them: the families in turn,
// IPv6 first (RFC 8305 section 4). Skip is applied.
func Resolve(ctx context.Context, options Options) ([]netip.Addr, error) {
	d := newDialer(options)
	if d.Proxy != nil {
		return d.resolveAll(ctx, target{host: d.Proxy.Host, resolve: StageProxyResolve})
	}
	return d.resolveAll(ctx, target{host: d.Host, resolve: StageResolve})
}

// lookup is what the name servers said of one family.
type lookup struct {
	addresses []netip.Addr
	err       error
}

// lookUp asks for both families at once. Each answer is delivered when it arrives; then the channel is closed.
func (d *dialer) lookUp(ctx context.Context, host string) <-chan lookup {
	answers := make(chan lookup, 2)
	if d.Addresses != nil {
		answers <- lookup{addresses: d.Addresses}
		close(answers)
		return answers
	}
	if address, err := netip.ParseAddr(host); err == nil {
		answers <- lookup{addresses: []netip.Addr{address}}
		close(answers)
		return answers
	}
	go func() {
		defer close(answers)
		inner := make(chan lookup, 2)
		for _, network := range []string{"ip6", "ip4"} {
			go func() { inner <- d.lookUpFamily(ctx, network, host) }()
		}
		for range 2 {
			answers <- <-inner
		}
	}()
	return answers
}

func (d *dialer) lookUpFamily(ctx context.Context, network, host string) lookup {
	found, err := d.Resolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return lookup{err: err}
	}
	var addresses []netip.Addr
	for _, address := range found {
		address = address.Unmap()
		// A resolver that does not tell the families apart answers twice the same.
		if address.Is4() == (network == "ip4") {
			addresses = append(addresses, address)
		}
	}
	return lookup{addresses: addresses}
}

// resolveAll waits for the addresses of both families, but not long for the second.
func (d *dialer) resolveAll(ctx context.Context, to target) ([]netip.Addr, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := d.lookUp(ctx, to.host)
	queue := addressQueue{skip: d.Skip}
	var failures []error
	var late <-chan time.Time
	for {
		select {
		case answer, more := <-answers:
			if !more {
				if queue.empty() {
					return nil, resolveFailure(ctx, to, failures)
				}
				return queue.all(), nil
			}
			queue.add(answer.addresses)
			if answer.err != nil {
				failures = append(failures, answer.err)
			}
			if !queue.empty() && late == nil {
				late = time.After(resolutionDelay)
			}
		case <-late:
			return queue.all(), nil
		case <-ctx.Done():
			return nil, &DialError{Stage: to.resolve, Code: classifyCause(ctx.Err()), Host: to.host, Err: context.Cause(ctx)}
		}
	}
}

// resolveFailure says why there is no address. "Not found" counts only if it is said of both families: of one it says
// that the name exists without such an address, or not at all.
func resolveFailure(ctx context.Context, to target, failures []error) error {
	failure := &DialError{Stage: to.resolve, Host: to.host}
	switch {
	case ctx.Err() != nil:
		failure.Code, failure.Err = classifyCause(ctx.Err()), context.Cause(ctx)
	case len(failures) == 0:
		failure.Code, failure.Err = NoAddress, errors.New("the name has no address")
	default:
		failure.Code, failure.Err = NameNotFound, failures[0]
		for _, err := range failures {
			if code := classifyCause(err); code != NameNotFound {
				failure.Code, failure.Err = code, err
				break
			}
		}
		if len(failures) == 1 && failure.Code == NameNotFound {
			failure.Code = NoAddress
		}
	}
	return failure
}

// addressQueue hands out addresses with the families in turn.
type addressQueue struct {
	v6, v4 []netip.Addr
	last4  bool
	known  bool // last4 was set
	skip   int
}

func (q *addressQueue) add(addresses []netip.Addr) {
	for _, address := range addresses {
		address = address.Unmap()
		family := &q.v6
		if address.Is4() {
			family = &q.v4
		}
		if !slices.Contains(*family, address) {
			*family = append(*family, address)
		}
	}
}

func (q *addressQueue) empty() bool { return len(q.v6) == 0 && len(q.v4) == 0 }

// next takes the next address; false: there is none.
func (q *addressQueue) next() (netip.Addr, bool) {
	if q.empty() {
		return netip.Addr{}, false
	}
	take := &q.v6
	if len(q.v6) == 0 || q.known && !q.last4 && len(q.v4) > 0 {
		take = &q.v4
	}
	address := (*take)[0]
	*take = (*take)[1:]
	q.last4, q.known = address.Is4(), true
	return address, true
}

// all takes every address; those to be skipped go to the end.
func (q *addressQueue) all() []netip.Addr {
	var addresses []netip.Addr
	for address, ok := q.next(); ok; address, ok = q.next() {
		addresses = append(addresses, address)
	}
	if len(addresses) == 0 {
		return nil
	}
	skip := max(q.skip, 0) % len(addresses)
	return append(addresses[skip:len(addresses):len(addresses)], addresses[:skip]...)
}
