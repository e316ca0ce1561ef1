package trusted

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// busLimit bounds each question to a service on the system's bus.
const busLimit = time.Second

// systemSuffixes asks who knows best: systemd-resolved and NetworkManager, link by link; resolv.conf, where neither is there.
func systemSuffixes(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, busLimit)
	defer cancel()
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fromResolvFile("/etc/resolv.conf")
	}
	defer conn.Close()
	found, resolved := fromResolved(ctx, conn)
	more, managed := fromNetworkManager(ctx, conn)
	if !resolved && !managed {
		return fromResolvFile("/etc/resolv.conf")
	}
	return append(found, more...)
}

// fromResolved reads the domains of links (org.freedesktop.resolve1, property Domains).
func fromResolved(ctx context.Context, conn *dbus.Conn) (found []string, there bool) {
	type domain struct {
		Link        int32
		Name        string
		RoutingOnly bool
	}
	value, err := property(ctx, conn, "org.freedesktop.resolve1", "/org/freedesktop/resolve1", "org.freedesktop.resolve1.Manager", "Domains")
	var domains []domain
	if err != nil || value.Store(&domains) != nil {
		return nil, false
	}
	for _, d := range domains {
		if d.Link == 0 || d.RoutingOnly {
			continue // what an administrator set for the whole computer says nothing about where it is
		}
		if link, err := net.InterfaceByIndex(int(d.Link)); err == nil && !isTunnel(link.Name) {
			found = append(found, d.Name)
		}
	}
	return found, true
}

// fromNetworkManager reads the domains that DHCP gave to devices (org.freedesktop.NetworkManager.IP4Config and IP6Config, property Domains).
func fromNetworkManager(ctx context.Context, conn *dbus.Conn) (found []string, there bool) {
	const service = "org.freedesktop.NetworkManager"
	value, err := property(ctx, conn, service, "/org/freedesktop/NetworkManager", service, "Devices")
	var devices []dbus.ObjectPath
	if err != nil || value.Store(&devices) != nil {
		return nil, false
	}
	for _, device := range devices {
		name, err := property(ctx, conn, service, device, service+".Device", "Interface")
		if text, ok := name.Value().(string); err != nil || !ok || isTunnel(text) {
			continue
		}
		for _, family := range []string{"4", "6"} {
			path, err := property(ctx, conn, service, device, service+".Device", "Ip"+family+"Config")
			config, ok := path.Value().(dbus.ObjectPath)
			if err != nil || !ok || config == "/" {
				continue
			}
			value, err := property(ctx, conn, service, config, service+".IP"+family+"Config", "Domains")
			var domains []string
			if err == nil && value.Store(&domains) == nil {
				found = append(found, domains...)
			}
		}
	}
	return found, true
}

func property(ctx context.Context, conn *dbus.Conn, service string, path dbus.ObjectPath, iface, name string) (dbus.Variant, error) {
	var value dbus.Variant
	call := conn.Object(service, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", dbus.FlagNoAutoStart, iface, name)
	return value, call.Store(&value)
}

// dialOutside connects through the links that are no tunnels, so that a probe behind a gateway does not answer through its tunnel.
func dialOutside(ctx context.Context, address string) (net.Conn, error) {
	links, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	failures := []error{errors.New("there is no network outside of tunnels")}
	for _, link := range links {
		if link.Flags&net.FlagUp == 0 || link.Flags&(net.FlagLoopback|net.FlagPointToPoint) != 0 || isTunnel(link.Name) {
			continue
		}
		dialer := net.Dialer{Timeout: probeLimit, Control: func(_, _ string, raw syscall.RawConn) (err error) {
			if controlErr := raw.Control(func(fd uintptr) { err = unix.BindToDevice(int(fd), link.Name) }); controlErr != nil {
				return controlErr
			}
			return err
		}}
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}
