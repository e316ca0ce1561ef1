package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	env     Environment
	link    Link
	changed func()
	logger  *slog.Logger

	conn *dbus.Conn // on which its changes are heard
}

func (n *networkManager) mode() Mode { return NetworkManager }

func (n *networkManager) set(ctx context.Context, config Config) ([]Limitation, error) {
	splits, err := n.env.changeDropIn(ctx, n.link.Name, &config)
	if err != nil {
		return nil, fmt.Errorf("set NetworkManager: %w", err)
	}
	n.follow(ctx)
	if config.split() && !splits {
		return []Limitation{{Kind: NotSplit, Mode: NetworkManager}}, nil
	}
	return nil, nil
}

// follow listens for connections that come and go, and for servers that they get: ours stand before them in one list.
func (n *networkManager) follow(ctx context.Context) {
	if n.conn != nil && n.conn.Connected() {
		return
	}
	n.close()
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	changesOf := func(iface string) []dbus.MatchOption {
		return []dbus.MatchOption{dbus.WithMatchSender(managerName), dbus.WithMatchInterface("org.freedesktop.DBus.Properties"),
			dbus.WithMatchMember("PropertiesChanged"), dbus.WithMatchArg(0, iface)}
	}
	conn, err := listen(ctx, n.env, func(*dbus.Signal) { n.changed() },
		changesOf(managerName), changesOf(managerConnection), changesOf(managerIP4), changesOf(managerIP6))
	if err != nil {
		n.logger.Warn("changes of NetworkManager's name servers are seen only when the network changes", "error", err)
		return
	}
	n.conn = conn
	n.changed() // what changed before anybody listened
}

func (n *networkManager) clear(ctx context.Context) error {
	if _, err := n.env.changeDropIn(ctx, n.link.Name, nil); err != nil {
		return fmt.Errorf("restore NetworkManager: %w", err)
	}
	return nil
}

func (n *networkManager) close() {
	if n.conn != nil {
		_ = n.conn.Close()
		n.conn = nil
	}
}

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
