package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

const (
	managerPath       = "/org/freedesktop/NetworkManager"
	managerDNSPath    = "/org/freedesktop/NetworkManager/DnsManager"
	managerDNS        = "org.freedesktop.NetworkManager.DnsManager"
	managerConnection = "org.freedesktop.NetworkManager.Connection.Active"
	managerIP4        = "org.freedesktop.NetworkManager.IP4Config"
	managerIP6        = "org.freedesktop.NetworkManager.IP6Config"

	// dropIn is our part of NetworkManager's configuration. It is gone after a restart of the computer.
	dropIn = "run/NetworkManager/conf.d/zz-footbridge.conf"

	// reloadConfig and reloadDNS are the flags of NetworkManager's Reload.
	reloadConfig = 1
	reloadDNS    = 2
)

// networkManager gives the tunnel's servers to NetworkManager as its global DNS configuration (NetworkManager.conf(5),
// global-dns): the settings of a device that it does not manage itself are nothing to it.
type networkManager struct {
	env  Environment
	link Link
}

func (n *networkManager) mode() Mode { return NetworkManager }

func (n *networkManager) set(ctx context.Context, config Config) ([]Limitation, error) {
	splits, err := n.env.changeDropIn(ctx, n.link.Name, &config)
	if err != nil {
		return nil, fmt.Errorf("set NetworkManager: %w", err)
	}
	if config.split() && !splits {
		return []Limitation{{Kind: NotSplit, Mode: NetworkManager}}, nil
	}
	return nil, nil
}

func (n *networkManager) clear(ctx context.Context) error {
	if _, err := n.env.changeDropIn(ctx, n.link.Name, nil); err != nil {
		return fmt.Errorf("restore NetworkManager: %w", err)
	}
	return nil
}

func (n *networkManager) close() {}

// changeDropIn puts one tunnel's section into our part of the configuration, or takes it out where config is nil, with those
// of dead tunnels, and has it read. It reports whether NetworkManager can divide names between servers.
func (e Environment) changeDropIn(ctx context.Context, device string, config *Config) (splits bool, err error) {
	unlock, err := lock(e.path("run/footbridge"))
	if err != nil {
		return false, err
	}
	defer unlock()
	data, err := readFile(e.path(dropIn))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	tunnels := with(sections(data), device, e.Owner, config, e.Alive)
	if len(tunnels) == 0 {
		if len(data) == 0 {
			return false, nil
		}
		if err := remove(e.path(dropIn)); err != nil {
			return false, err
		}
		return false, e.reloadManager(ctx)
	}
	manager, err := e.askManager(ctx)
	if err != nil {
		return false, err
	}
	text := renderDropIn(tunnels, manager)
	if bytes.Equal(text, data) {
		return manager.splits, nil
	}
	if err := os.MkdirAll(filepath.Dir(e.path(dropIn)), 0o755); err != nil {
		return false, err
	}
	if err := overwrite(e.path(dropIn), text); err != nil {
		return false, err
	}
	return manager.splits, e.reloadManager(ctx)
}

// managerState is what NetworkManager knows without us.
type managerState struct {
	base   file // servers and domains of all its connections
	splits bool // it runs a resolver that divides names between servers
}

// renderDropIn writes the configuration for the tunnels. NetworkManager ignores one without servers for all names ("*"), so
// those that its connections have stand there too, and must be kept up to date.
func renderDropIn(tunnels []section, manager managerState) []byte {
	merged := merge(tunnels, manager.base)
	general := merged.servers
	if manager.splits {
		general = merge(exclusive(tunnels), manager.base).servers
	}
	if len(general) == 0 {
		general = merged.servers
	}
	var b strings.Builder
	b.WriteString(header)
	for _, tunnel := range tunnels {
		b.WriteString(tunnel.line())
	}
	b.WriteString("[global-dns]\n")
	if len(merged.search) > 0 {
		fmt.Fprintf(&b, "searches=%s\n", strings.Join(merged.search, ","))
	}
	fmt.Fprintf(&b, "[global-dns-domain-*]\nservers=%s\n", joinAddrs(general))
	if !manager.splits {
		return []byte(b.String())
	}
	written := make(map[string]bool)
	for _, tunnel := range tunnels {
		for _, domain := range append(append([]string(nil), tunnel.Config.Search...), tunnel.Config.Match...) {
			if tunnel.Config.takesNames() && !written[domain] {
				written[domain] = true
				fmt.Fprintf(&b, "[global-dns-domain-%s]\nservers=%s\n", domain, joinAddrs(tunnel.Config.Servers))
			}
		}
	}
	return []byte(b.String())
}

// exclusive gives the tunnels that take all names.
func exclusive(tunnels []section) []section {
	var list []section
	for _, tunnel := range tunnels {
		if tunnel.Config.AllNames {
			list = append(list, tunnel)
		}
	}
	return list
}

func joinAddrs(addrs []netip.Addr) string {
	list := make([]string, 0, len(addrs))
	for _, addr := range addrs {
		list = append(list, addr.String())
	}
	return strings.Join(list, ",")
}

func (e Environment) reloadManager(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := e.Bus(ctx)
	if err != nil {
		return fmt.Errorf("connect to the system bus: %w", err)
	}
	defer conn.Close()
	err = conn.Object(managerName, managerPath).CallWithContext(ctx, managerName+".Reload", 0, uint32(reloadConfig|reloadDNS)).Err
	if err != nil && !isGone(err) {
		return fmt.Errorf("reload its configuration: %w", err)
	}
	return nil
}

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
