package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/host/dns"
	"github.com/footbridge-vpn/footbridge/tunnel/host/journal"
	"github.com/footbridge-vpn/footbridge/tunnel/host/route"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// Cleanup undoes what tunnels left whose process is gone: first by their journals in stateDir, then, also without any, what
// can be recognised as ours on the computer. Living tunnels keep what they have. It goes on after an error and returns all.
func Cleanup(ctx context.Context, stateDir string, logger *slog.Logger) error {
	logger = orDiscard(logger)
	if stateDir == "" {
		stateDir = DefaultStateDir
	}
	conn, err := rtnetlink.Dial()
	if err != nil {
		return fmt.Errorf("clean up host: %w", err)
	}
	defer conn.Close()
	links, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("clean up host: %w", err)
	}
	defer links.Close()
	c := cleaner{conn: conn, links: links, logger: logger}
	return errors.Join(c.replay(ctx, stateDir), c.sweep(), dns.Cleanup(ctx, dns.ThisComputer()))
}

type cleaner struct {
	conn   *rtnetlink.Conn
	links  *netlink.Handle
	logger *slog.Logger
}

// replay undoes what the journals of dead tunnels hold.
func (c *cleaner) replay(ctx context.Context, stateDir string) error {
	leftovers, err := journal.Leftovers(stateDir)
	failures := []error{err}
	for _, leftover := range leftovers {
		if leftover.Err != nil {
			c.logger.Warn("journal set aside", "journal", leftover.Name(), "error", leftover.Err)
			failures = append(failures, leftover.Done(false))
			continue
		}
		err := c.undo(ctx, leftover)
		if err == nil {
			c.logger.Info("tunnel that ended unexpectedly was undone", "journal", leftover.Name())
		}
		failures = append(failures, err, leftover.Done(err == nil))
	}
	return errors.Join(failures...)
}

func (c *cleaner) undo(ctx context.Context, leftover *journal.Leftover) error {
	return errors.Join(undoDNS(ctx, leftover.Record), c.undoRoutes(leftover))
}

func undoDNS(ctx context.Context, record journal.Record) error {
	if record.DNS == nil {
		return nil
	}
	return dns.Undo(ctx, dns.ThisComputer(), dns.Mode(record.DNS.Mode), record.Device)
}

func (c *cleaner) undoRoutes(leftover *journal.Leftover) error {
	if !leftover.SameBoot {
		return nil
	}
	routes := make([]rtnetlink.Route, 0, len(leftover.Record.Routes))
	for _, r := range leftover.Record.Routes {
		kind := rtnetlink.Unicast
		if r.Unreachable {
			kind = rtnetlink.Unreachable
		}
		routes = append(routes, rtnetlink.Route{Prefix: r.Prefix, Metric: r.Metric, Link: r.Link, Gateway: r.Gateway,
			Table: rtnetlink.TableMain, Protocol: rtnetlink.Protocol, Type: kind})
	}
	return route.Remove(c.conn, routes)
}

// sweep removes devices of ours that nobody uses and routes of ours whose device is gone.
func (c *cleaner) sweep() error {
	links, err := c.links.LinkList()
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	var failures []error
	living := make(map[int]bool)
	for _, link := range links {
		switch {
		case device.IsOrphan(link):
			c.logger.Info("device without a tunnel is removed", "device", link.Attrs().Name)
			if err := c.links.LinkDel(link); err != nil {
				failures = append(failures, fmt.Errorf("remove device %s: %w", link.Attrs().Name, err))
			}
		case device.IsOurs(link):
			living[link.Attrs().Index] = true
		}
	}
	return errors.Join(errors.Join(failures...), c.sweepRoutes(living))
}

func (c *cleaner) sweepRoutes(living map[int]bool) error {
	table, err := c.conn.Routes()
	if err != nil {
		return err
	}
	var orphans []rtnetlink.Route
	for _, r := range table {
		if owner, ours := route.Owner(r); ours && !living[owner] {
			c.logger.Info("route without a tunnel is removed", "prefix", r.Prefix)
			orphans = append(orphans, r)
		}
	}
	return route.Remove(c.conn, orphans)
}
