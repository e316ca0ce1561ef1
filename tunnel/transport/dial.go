package transport

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Options says what to connect to, and how. Host and Port are required.
type Options struct {
	Protocol profiles.Transport // empty: TCP
	Host     string             // a DNS name or an IP address
	Port     uint16
	Proxy    *profiles.Proxy // nil: none. The environment is asked by ProxyFromEnvironment, not by Dial

	// Addresses are the gateway's, or with a proxy the proxy's, in the order to try them, where they are known already; nil: the name is resolved.
	Addresses []netip.Addr
	// Skip is how many of the addresses UDP passes over, counted round. It cannot tell a dead address from a slow
	// one, so a caller that got no answer tries again with one more. TCP tries all of them in any case.
	Skip int
	// Resolver looks names up; nil: the system's.
	Resolver Resolver
	// Control is called on each socket before it is connected, to mark it or bind it to a device (net.Dialer.Control).
	Control func(network, address string, c syscall.RawConn) error
	// MaxPacket bounds a packet on a stream, in bytes; 0: DefaultMaxPacket.
	MaxPacket int
	// ProxyTimeout bounds the wait for each answer of a proxy; 0: 30 seconds.
	ProxyTimeout time.Duration
	Logger       *slog.Logger

	// connect replaces the sockets, in tests.
	connect connectFunc
}

// connectFunc opens a socket to one address.
type connectFunc func(ctx context.Context, network string, address netip.AddrPort) (net.Conn, error)

// Resolver looks up addresses, as net.Resolver does. The network is "ip4" or "ip6".
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// proxyTimeout is how long a proxy may take for an answer, which includes its own connecting to the gateway.
const proxyTimeout = 30 * time.Second

// Dial connects to the gateway until ctx ends: over TCP to the first of its addresses that answers (RFC 8305), over UDP, where connecting
// sends nothing, to the first that has a route. Every error is a *DialError.
func Dial(ctx context.Context, options Options) (Conn, error) {
	d := newDialer(options)
	if options.Host == "" || options.Port == 0 {
		return nil, d.failure(StageOptions, NotSupported, errors.New("no host or no port given"))
	}
	switch d.Protocol {
	case profiles.TCP:
		return d.dialTCP(ctx)
	case profiles.UDP:
		return d.dialUDP(ctx)
	default:
		return nil, d.failure(StageOptions, NotSupported, errors.New("unknown transport "+strconv.Quote(string(d.Protocol))))
	}
}

// dialer is Options with their defaults filled in.
type dialer struct {
	Options
}

func newDialer(options Options) *dialer {
	d := &dialer{Options: options}
	d.Protocol = cmp.Or(d.Protocol, profiles.TCP)
	d.ProxyTimeout = cmp.Or(d.ProxyTimeout, proxyTimeout)
	if d.Resolver == nil {
		d.Resolver = net.DefaultResolver
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.connect == nil {
		d.connect = func(ctx context.Context, network string, address netip.AddrPort) (net.Conn, error) {
			dialer := net.Dialer{Control: d.Control, KeepAlive: -1} // keep-alive is set by tuneTCP
			return dialer.DialContext(ctx, network, address.String())
		}
	}
	return d
}

func (d *dialer) dialTCP(ctx context.Context) (Conn, error) {
	if d.Proxy != nil {
		stream, early, err := d.throughProxy(ctx)
		if err != nil {
			return nil, err
		}
		return newStreamConn(stream, d.MaxPacket, early), nil
	}
	stream, err := d.race(ctx, target{host: d.Host, port: d.Port, resolve: StageResolve, connect: StageConnect})
	if err != nil {
		return nil, err
	}
	return newStreamConn(stream, d.MaxPacket, nil), nil
}

func (d *dialer) dialUDP(ctx context.Context) (Conn, error) {
	if d.Proxy != nil {
		return d.associate(ctx)
	}
	addresses, err := d.resolveAll(ctx, target{host: d.Host, port: d.Port, resolve: StageResolve, connect: StageConnect})
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, address := range addresses {
		conn, err := d.connectUDP(ctx, netip.AddrPortFrom(address, d.Port))
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, d.joinFailures(ctx, StageConnect, d.Host, failures)
}

// connectUDP opens a UDP socket that sends to, and hears from, one address.
func (d *dialer) connectUDP(ctx context.Context, address netip.AddrPort) (*datagramConn, error) {
	socket, err := d.connect(ctx, "udp", address)
	if err != nil {
		return nil, &DialError{Stage: StageConnect, Code: classifyCause(err), Host: d.Host, Addr: address, Err: cause(err)}
	}
	udp, ok := socket.(*net.UDPConn)
	if !ok {
		socket.Close()
		return nil, &DialError{Stage: StageConnect, Code: NotSupported, Host: d.Host, Addr: address, Err: errors.New("not a UDP socket")}
	}
	conn, err := newDatagramConn(udp)
	if err != nil {
		socket.Close()
		return nil, &DialError{Stage: StageConnect, Code: classifyCause(err), Host: d.Host, Addr: address, Err: err}
	}
	d.Logger.Debug("UDP socket opened", "local", conn.Local(), "remote", conn.Remote())
	return conn, nil
}

// failure makes a DialError about the gateway.
func (d *dialer) failure(stage Stage, code Code, err error) *DialError {
	return &DialError{Stage: stage, Code: code, Host: d.Host, Err: err}
}

// joinFailures makes one error of those of several addresses, with the code that says most.
func (d *dialer) joinFailures(ctx context.Context, stage Stage, host string, failures []error) error {
	if len(failures) == 1 {
		return failures[0]
	}
	code := Failed
	for _, candidate := range []Code{Refused, Reset, TimedOut, Unreachable} {
		if slices.ContainsFunc(failures, func(err error) bool { return Classify(err) == candidate }) {
			code = candidate
			break
		}
	}
	if ctx.Err() != nil {
		code = classifyCause(ctx.Err())
	}
	return &DialError{Stage: stage, Code: code, Host: host, Err: errors.Join(failures...)}
}

// cause strips what package net says of operation and addresses, which a DialError says too.
func cause(err error) error {
	var operation *net.OpError
	if errors.As(err, &operation) {
		return operation.Err
	}
	return err
}
