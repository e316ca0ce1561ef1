package dns

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/godbus/dbus/v5"
)

// askManager reads the servers and search domains of NetworkManager's active connections.
func (e Environment) askManager(ctx context.Context) (managerState, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := e.Bus(ctx)
	if err != nil {
		return managerState{}, fmt.Errorf("connect to the system bus: %w", err)
	}
	defer conn.Close()
	var state managerState
	if mode, err := property[string](ctx, conn.Object(managerName, managerDNSPath), managerDNS+".Mode"); err == nil {
		state.splits = mode == "dnsmasq" || mode == "systemd-resolved"
	}
	active, err := property[[]dbus.ObjectPath](ctx, conn.Object(managerName, managerPath), managerName+".ActiveConnections")
	if err != nil {
		return managerState{}, err
	}
	for _, path := range active {
		connection := conn.Object(managerName, path)
		if ip4, err := property[dbus.ObjectPath](ctx, connection, managerConnection+".Ip4Config"); err == nil {
			state.base.readIP4(ctx, conn.Object(managerName, ip4))
		}
		if ip6, err := property[dbus.ObjectPath](ctx, connection, managerConnection+".Ip6Config"); err == nil {
			state.base.readIP6(ctx, conn.Object(managerName, ip6))
		}
	}
	state.base.servers = firstOfEach(state.base.servers)
	state.base.search = firstOfEach(state.base.search)
	return state, nil
}

// readIP4 adds the servers and domains of a connection's IPv4 configuration, which has none where the object is "/".
func (f *file) readIP4(ctx context.Context, object dbus.BusObject) {
	if servers, err := property[[]map[string]dbus.Variant](ctx, object, managerIP4+".NameserverData"); err == nil {
		for _, server := range servers {
			if text, ok := server["address"].Value().(string); ok {
				if addr, err := netip.ParseAddr(text); err == nil {
					f.servers = append(f.servers, addr)
				}
			}
		}
	}
	f.readDomains(ctx, object, managerIP4)
}

func (f *file) readIP6(ctx context.Context, object dbus.BusObject) {
	if servers, err := property[[][]byte](ctx, object, managerIP6+".Nameservers"); err == nil {
		for _, server := range servers {
			if addr, ok := netip.AddrFromSlice(server); ok {
				f.servers = append(f.servers, addr.Unmap())
			}
		}
	}
	f.readDomains(ctx, object, managerIP6)
}

func (f *file) readDomains(ctx context.Context, object dbus.BusObject, iface string) {
	for _, name := range []string{"Searches", "Domains"} {
		if list, err := property[[]string](ctx, object, iface+"."+name); err == nil {
			for _, domain := range list {
				if clean, ok := domainName(domain); ok && clean != "" {
					f.search = append(f.search, clean)
				}
			}
		}
	}
}

// managesDNS reports whether NetworkManager runs a resolver of its own.
func managesDNS(ctx context.Context, env Environment) bool {
	state, err := env.askManager(ctx)
	return err == nil && state.splits
}
