package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"
)

// attemptDelay is how long one address may take before the next one is tried beside it (RFC 8305 section 5).
const attemptDelay = 250 * time.Millisecond

// connected is how one attempt ended.
type connected struct {
	conn    net.Conn
	address netip.AddrPort
	err     error
}

// contest is Happy Eyeballs, version 2 (RFC 8305): attempts with the addresses of a name, staggered, until one succeeds.
type contest struct {
	dialer   *dialer
	to       target
	queue    addressQueue
	results  chan connected
	running  int
	failures []error // of attempts
	unnamed  []error // of look-ups
}

// race connects to the first of a name's addresses that answers, and breaks the other attempts off.
func (d *dialer) race(ctx context.Context, to target) (net.Conn, error) {
	attempts, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &contest{dialer: d, to: to, results: make(chan connected)}
	defer func() {
		if c.running > 0 {
			go c.discard(c.running)
		}
	}()
	return c.run(ctx, attempts)
}

func (c *contest) run(ctx, attempts context.Context) (net.Conn, error) {
	answers := c.dialer.lookUp(attempts, c.to.host)
	var due <-chan time.Time // of the next attempt; nil: none is planned
	for {
		select {
		case answer, more := <-answers:
			if !more {
				answers = nil
			}
			due = c.answered(attempts, answer, more, due)
		case <-due:
			due = c.start(attempts)
		case result := <-c.results:
			c.running--
			if result.err == nil {
				c.dialer.Logger.Debug("connected", "host", c.to.host, "address", result.address)
				return result.conn, nil
			}
			c.dialer.Logger.Debug("connecting failed", "host", c.to.host, "address", result.address, "error", result.err)
			c.failures = append(c.failures, c.failed(result))
			due = c.start(attempts)
		case <-ctx.Done():
			return nil, c.gaveUp(ctx, answers != nil)
		}
		if answers == nil && c.running == 0 && c.queue.empty() {
			return nil, c.lost(ctx)
		}
	}
}

// answered takes in what a look-up found, and says when the next attempt is due: at once where IPv6 is there or nothing more will
// come, after a moment for IPv6 to come where IPv4 came first.
func (c *contest) answered(ctx context.Context, answer lookup, more bool, due <-chan time.Time) <-chan time.Time {
	c.queue.add(answer.addresses)
	if answer.err != nil {
		c.unnamed = append(c.unnamed, answer.err)
	}
	switch {
	case c.queue.empty():
		return due
	case c.running == 0 && (len(c.queue.v6) > 0 || !more):
		return c.start(ctx)
	case due != nil:
		return due
	case c.running == 0:
		return time.After(resolutionDelay)
	default:
		return time.After(attemptDelay)
	}
}

// start begins an attempt with the next address, if there is one, and says when the one after it is due.
func (c *contest) start(ctx context.Context) <-chan time.Time {
	address, ok := c.queue.next()
	if !ok {
		return nil
	}
	c.running++
	go func() {
		to := netip.AddrPortFrom(address, c.to.port)
		conn, err := c.dialer.connect(ctx, "tcp", to)
		c.results <- connected{conn: conn, address: to, err: err}
	}()
	if c.queue.empty() {
		return nil
	}
	return time.After(attemptDelay)
}

// discard waits for attempts that were broken off, and closes those that had succeeded all the same.
func (c *contest) discard(running int) {
	for range running {
		if result := <-c.results; result.conn != nil {
			result.conn.Close()
		}
	}
}

func (c *contest) failed(result connected) error {
	return &DialError{Stage: c.to.connect, Code: classifyCause(result.err), Host: c.to.host, Addr: result.address, Err: cause(result.err)}
}

// lost says why no address is left.
func (c *contest) lost(ctx context.Context) error {
	if len(c.failures) == 0 {
		return resolveFailure(ctx, c.to, c.unnamed)
	}
	return c.dialer.joinFailures(ctx, c.to.connect, c.to.host, c.failures)
}

// gaveUp says how far it was when the caller's time was over.
func (c *contest) gaveUp(ctx context.Context, resolving bool) error {
	if resolving && len(c.failures) == 0 && c.running == 0 {
		return resolveFailure(ctx, c.to, nil)
	}
	err := context.Cause(ctx)
	if len(c.failures) > 0 {
		err = errors.Join(append(c.failures, err)...)
	}
	return &DialError{Stage: c.to.connect, Code: classifyCause(ctx.Err()), Host: c.to.host, Err: err}
}
