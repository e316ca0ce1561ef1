package diagnosis

import (
	"context"
	"net/netip"
	"time"

	"github.com/godbus/dbus/v5"
)

// busPatience bounds what is asked on the system bus.
const busPatience = 1500 * time.Millisecond

// readBus adds what other programs of the system know: systemd-timedated of the clock, systemd-resolved of names. Neither need be there.
func readBus(ctx context.Context, c *Computer) {
	ctx, cancel := context.WithTimeout(ctx, busPatience)
	defer cancel()
	bus, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return
	}
	defer bus.Close()
	if kept, ok := property[bool](ctx, bus, "org.freedesktop.timedate1", "/org/freedesktop/timedate1", "org.freedesktop.timedate1", "NTPSynchronized"); ok {
		c.ClockKept = &kept
	}
	if c.Names.Manager != "systemd-resolved" {
		return
	}
	for _, link := range c.Links {
		if names := readResolvedLink(ctx, bus, link); len(names.Servers) > 0 || len(names.Domains) > 0 {
			c.Names.Links = append(c.Names.Links, names)
		}
	}
}

func property[T any](ctx context.Context, bus *dbus.Conn, service string, path dbus.ObjectPath, of, name string) (T, bool) {
	var value dbus.Variant
	var result T
	err := bus.Object(service, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, of, name).Store(&value)
	if err != nil || value.Store(&result) != nil {
		return result, false
	}
	return result, true
}

// The types of org.freedesktop.resolve1.Link's properties DNS (a(iay)) and Domains (a(sb)).
type (
	resolvedServer struct {
		Family  int32
		Address []byte
	}
	resolvedDomain struct {
		Name      string
		RouteOnly bool
	}
)

func readResolvedLink(ctx context.Context, bus *dbus.Conn, link Link) LinkNames {
	const resolved, of = "org.freedesktop.resolve1", "org.freedesktop.resolve1.Link"
	names := LinkNames{Link: link.Index, Device: link.Name}
	var path dbus.ObjectPath
	manager := bus.Object(resolved, "/org/freedesktop/resolve1")
	if manager.CallWithContext(ctx, resolved+".Manager.GetLink", 0, int32(link.Index)).Store(&path) != nil {
		return names
	}
	servers, _ := property[[]resolvedServer](ctx, bus, resolved, path, of, "DNS")
	for _, server := range servers {
		if address, ok := netip.AddrFromSlice(server.Address); ok {
			names.Servers = append(names.Servers, netip.AddrPortFrom(address, dnsPort))
		}
	}
	domains, _ := property[[]resolvedDomain](ctx, bus, resolved, path, of, "Domains")
	for _, domain := range domains {
		name := domain.Name
		if domain.RouteOnly {
			name = "~" + name
		}
		names.Domains = append(names.Domains, name)
	}
	names.Default, _ = property[bool](ctx, bus, resolved, path, of, "DefaultRoute")
	return names
}
