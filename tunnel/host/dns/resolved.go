package dns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/godbus/dbus/v5"
)

const (
	resolvedPath    = "/org/freedesktop/resolve1"
	resolvedManager = "org.freedesktop.resolve1.Manager"
	resolvedLink    = "org.freedesktop.resolve1.Link"
)

// resolved sets the link's servers and domains in systemd-resolved, over its bus interface (org.freedesktop.resolve1(5)).
// What is set there goes with the link.
type resolved struct {
	env     Environment
	link    Link
	changed func()
	logger  *slog.Logger

	conn *dbus.Conn
}

// linkServer is one server as the bus carries it: the address family and the address.
type linkServer struct {
	Family  int32
	Address []byte
}

// linkDomain is one domain: names under it go to the link's servers, and unless it is for routing only it is appended to
// names without a dot.
type linkDomain struct {
	Name        string
	RoutingOnly bool
}

func (r *resolved) mode() Mode { return Resolved }

func (r *resolved) set(ctx context.Context, config Config) ([]Limitation, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := r.setLink(ctx, config); err != nil {
		return nil, fmt.Errorf("set systemd-resolved: %w", err)
	}
	if !config.BlockOthers {
		return nil, nil
	}
	if others := r.othersDomains(ctx, config); len(others) > 0 {
		return []Limitation{{Kind: OthersAsked, Mode: Resolved, Names: others}}, nil
	}
	return nil, nil
}

// setLink sets what differs. The servers come last: from then on they are asked, and what they are asked for must be known.
func (r *resolved) setLink(ctx context.Context, config Config) error {
	if err := r.connect(ctx); err != nil {
		return err
	}
	link, err := r.linkObject(ctx)
	if err != nil {
		return err
	}
	isDefault := config.AllNames && len(config.Servers) > 0
	if now, err := property[bool](ctx, link, resolvedLink+".DefaultRoute"); err == nil && now != isDefault {
		if err := r.call(ctx, "SetLinkDefaultRoute", int32(r.link.Index), isDefault); err != nil {
			return err
		}
	}
	domains := linkDomains(config)
	if now, err := property[[]linkDomain](ctx, link, resolvedLink+".Domains"); err != nil || !sameDomains(now, domains) {
		if err := r.call(ctx, "SetLinkDomains", int32(r.link.Index), domains); err != nil {
			return err
		}
	}
	servers := linkServers(config.Servers)
	now, err := property[[]linkServer](ctx, link, resolvedLink+".DNS")
	if err == nil && slices.EqualFunc(now, servers, sameServer) {
		return nil
	}
	if err := r.call(ctx, "SetLinkDNS", int32(r.link.Index), servers); err != nil {
		return err
	}
	// What other servers said of the tunnel's names must not be believed any longer.
	if err := r.call(ctx, "FlushCaches"); err != nil {
		r.logger.Debug("cache of systemd-resolved was not emptied", "error", err)
	}
	return nil
}

// linkDomains gives the domains in the order in which they are searched. The root domain makes this link's servers the ones
// for every name that no other link claims.
func linkDomains(config Config) []linkDomain {
	var domains []linkDomain
	for _, name := range config.Search {
		domains = append(domains, linkDomain{name, false})
	}
	for _, name := range config.Match {
		if !slices.Contains(config.Search, name) {
			domains = append(domains, linkDomain{name, true})
		}
	}
	if config.AllNames {
		domains = append(domains, linkDomain{".", true})
	}
	return domains
}

func linkServers(servers []netip.Addr) []linkServer {
	const inet, inet6 = 2, 10 // AF_INET and AF_INET6 on Linux
	var list []linkServer
	for _, server := range servers {
		if server.Is4() {
			list = append(list, linkServer{inet, server.AsSlice()})
		} else {
			list = append(list, linkServer{inet6, server.AsSlice()})
		}
	}
	return list
}

func sameServer(a, b linkServer) bool {
	return a.Family == b.Family && slices.Equal(a.Address, b.Address)
}

func sameDomains(now, wanted []linkDomain) bool {
	return slices.EqualFunc(now, wanted, func(a, b linkDomain) bool {
		return a.RoutingOnly == b.RoutingOnly && (a.Name == b.Name || a.Name == "" && b.Name == ".")
	})
}

// othersDomains gives the domains that other links have and the tunnel has not: their servers are asked for them, whatever
// the tunnel claims.
func (r *resolved) othersDomains(ctx context.Context, config Config) []string {
	type managerDomain struct {
		Link        int32
		Name        string
		RoutingOnly bool
	}
	all, err := property[[]managerDomain](ctx, r.conn.Object(resolvedName, resolvedPath), resolvedManager+".Domains")
	if err != nil {
		return nil
	}
	var others []string
	for _, domain := range all {
		if int(domain.Link) != r.link.Index && !slices.Contains(config.Search, domain.Name) && !slices.Contains(config.Match, domain.Name) {
			others = append(others, domain.Name)
		}
	}
	return firstOfEach(others)
}

func (r *resolved) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := r.connect(ctx)
	if err == nil {
		err = r.call(ctx, "RevertLink", int32(r.link.Index))
	}
	if err == nil || isGone(err) {
		return nil
	}
	// The settings go with the device, which goes next.
	r.logger.Warn("systemd-resolved was not told of the tunnel's end", "error", err)
	return nil
}

// isGone reports whether systemd-resolved is not there, or does not know the link any more.
func isGone(err error) bool {
	var failure dbus.Error
	return errors.As(err, &failure) && slices.Contains([]string{"org.freedesktop.resolve1.NoSuchLink",
		"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"}, failure.Name)
}

func (r *resolved) close() {
	if r.conn != nil {
		_ = r.conn.Close()
		r.conn = nil
	}
}

// connect opens the bus, unless it is, and listens to systemd-resolved's comings: it may forget links when it is restarted.
func (r *resolved) connect(ctx context.Context) error {
	if r.conn != nil && r.conn.Connected() {
		return nil
	}
	r.close()
	conn, err := listen(ctx, r.env, func(signal *dbus.Signal) {
		var name, before, after string
		if dbus.Store(signal.Body, &name, &before, &after) == nil && name == resolvedName && after != "" {
			r.changed()
		}
	}, []dbus.MatchOption{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, resolvedName)})
	if err != nil {
		return err
	}
	r.conn = conn
	return nil
}

func (r *resolved) linkObject(ctx context.Context) (dbus.BusObject, error) {
	var path dbus.ObjectPath
	err := r.conn.Object(resolvedName, resolvedPath).CallWithContext(ctx, resolvedManager+".GetLink", 0, int32(r.link.Index)).Store(&path)
	if err != nil {
		return nil, fmt.Errorf("find link %s: %w", r.link.Name, err)
	}
	return r.conn.Object(resolvedName, path), nil
}

func (r *resolved) call(ctx context.Context, method string, arguments ...any) error {
	if err := r.conn.Object(resolvedName, resolvedPath).CallWithContext(ctx, resolvedManager+"."+method, 0, arguments...).Err; err != nil {
		return fmt.Errorf("call %s: %w", method, err)
	}
	return nil
}
