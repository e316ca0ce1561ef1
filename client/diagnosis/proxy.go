package diagnosis

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// checkProxy asks the proxy for the gateway, where the profile has a proxy.
func checkProxy(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	if x.profile == nil {
		return one(NoProfile)
	}
	proxy := x.profile.Proxy
	if proxy == nil {
		return x.checkEnvironment()
	}
	learn := func(f *facts) { f.proxy = proxy }
	where := net.JoinHostPort(proxy.Host, strconv.Itoa(int(proxy.Port)))
	if f.connected() != nil {
		return []Check{say(ProxyOK, where, "the running connection uses it")}, learn
	}
	server := x.profile.Servers[0]
	options := x.transportOptions(server)
	options.Proxy = proxy
	conn, err := transport.Dial(ctx, options)
	if err != nil {
		return []Check{say(proxyFault(err, proxy), where, err.Error())}, learn
	}
	conn.Close()
	return []Check{say(ProxyOK, where)}, learn
}

// checkEnvironment says where the environment wants a proxy that the connection does not use: the service has another environment.
func (x *examination) checkEnvironment() ([]Check, learned) {
	for _, name := range []string{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"} {
		value := x.Environment(name)
		if value == "" {
			continue
		}
		proxy, err := transport.ParseProxyURL(value)
		if err != nil {
			return one(ProxyUnusable, name, err.Error())
		}
		return one(ProxyNotUsed, name+" is "+net.JoinHostPort(proxy.Host, strconv.Itoa(int(proxy.Port))))
	}
	return one(ProxyNone)
}

// transportOptions are how a server is dialled with what the diagnosis was given.
func (x *examination) transportOptions(server profiles.Server) transport.Options {
	return transport.Options{Protocol: x.transport(server), Host: server.Host, Port: server.Port, Resolver: x.Resolver, Logger: x.Logger}
}

// transport is how a server is spoken to.
func (x *examination) transport(server profiles.Server) profiles.Transport {
	for _, t := range []profiles.Transport{server.Transport, x.profile.Transport} {
		if t != "" {
			return t
		}
	}
	return profiles.TCP
}

func proxyFault(err error, proxy *profiles.Proxy) ID {
	var dial *transport.DialError
	if !errors.As(err, &dial) {
		return ProxyUnreachable
	}
	switch dial.Stage {
	case transport.StageProxyResolve:
		return ProxyNameNotFound
	case transport.StageProxyConnect:
		return ProxyUnreachable
	}
	switch dial.Code {
	case transport.ProxyAuthentication:
		if proxy.Username == "" {
			return ProxyNeedsSignIn
		}
		return ProxyRefusedSignIn
	case transport.ProxyRefused:
		return ProxyForbids
	case transport.NotAProxy, transport.Closed:
		return ProxyIsNone
	default:
		return ProxyCannotReach
	}
}

// literal is a server that is named by its address, or not (ok).
type literal struct {
	address netip.Addr
	ok      bool
}

func literals(profile *profiles.Profile) []literal {
	var all []literal
	for _, server := range profile.Servers {
		address, err := netip.ParseAddr(server.Host)
		all = append(all, literal{address, err == nil})
	}
	return all
}

// isNoRoute reports whether the system knows no way to an address.
func isNoRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || transport.Classify(err) == transport.Unreachable
}
