package route

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// Table holds the routes of one tunnel in the kernel's main table. It is not safe for concurrent use.
type Table struct {
	conn   *rtnetlink.Conn
	link   int
	record func(physical []rtnetlink.Route) error
	logger *slog.Logger

	config Config
}

// NewTable makes the table of the tunnel whose device has the index link. Record is called, before anything is changed,
// with all routes of the tunnel that the kernel will not remove together with the device; and afterwards with those left.
func NewTable(conn *rtnetlink.Conn, link int, record func(physical []rtnetlink.Route) error, logger *slog.Logger) *Table {
	return &Table{conn: conn, link: link, record: record, logger: logger}
}

// Set makes the routes as config says, from whatever they are now, and returns what collides. Where they are so already it
// changes nothing. After an error some of the changes may have been made.
func (t *Table) Set(config Config) ([]Overlap, error) {
	table, err := t.conn.Routes()
	if err != nil {
		return nil, err
	}
	t.config = config
	wanted := newPlan(config, t.link, table)
	have := t.own(table)
	taken, err := t.apply(wanted, have)
	return append(wanted.overlaps, taken...), err
}

// Refresh sets again what was set last, after the network changed.
func (t *Table) Refresh() error {
	_, err := t.Set(t.config)
	return err
}

// Close removes the tunnel's routes.
func (t *Table) Close() error {
	_, err := t.Set(Config{})
	return err
}

// own gives the tunnel's routes in the kernel's table.
func (t *Table) own(table []rtnetlink.Route) []rtnetlink.Route {
	return slices.DeleteFunc(slices.Clone(table), func(route rtnetlink.Route) bool {
		owner, ours := Owner(route)
		return !ours || owner != t.link
	})
}

// apply goes from have to wanted: what keeps packets out of the tunnel comes first and goes last.
func (t *Table) apply(wanted plan, have []rtnetlink.Route) ([]Overlap, error) {
	physicalHave, tunnelHave := split(have, t.link)
	addPhysical, dropPhysical := difference(wanted.physical, physicalHave)
	addTunnel, dropTunnel := tunnelDifference(wanted.tunnel, tunnelHave)
	if err := t.record(slices.Concat(wanted.physical, dropPhysical)); err != nil {
		return nil, err
	}
	if err := t.change(addPhysical, rtnetlink.Change{Replace: true}, transient); err != nil {
		return nil, err
	}
	taken, err := t.addTunnel(addTunnel)
	if err != nil {
		return nil, err
	}
	err = t.change(dropTunnel, rtnetlink.Change{Delete: true}, gone)
	err = errors.Join(err, t.change(dropPhysical, rtnetlink.Change{Delete: true}, gone))
	if err != nil {
		return nil, err
	}
	if n := len(addPhysical) + len(addTunnel) + len(dropTunnel) + len(dropPhysical); n > 0 {
		t.logger.Debug("routes set", "added", len(addPhysical)+len(addTunnel), "removed", len(dropTunnel)+len(dropPhysical))
	}
	return taken, t.record(wanted.physical)
}

// change makes the same kind of change with many routes. Errors that tolerate accepts are passed over.
func (t *Table) change(routes []rtnetlink.Route, how rtnetlink.Change, tolerate func(error) bool) error {
	changes := make([]rtnetlink.Change, len(routes))
	for i, route := range routes {
		how.Route = route
		changes[i] = how
	}
	results, err := t.conn.Apply(changes)
	if err != nil {
		return err
	}
	for i, err := range results {
		switch {
		case err == nil:
		case tolerate(err):
			t.logger.Debug("route passed over", "prefix", routes[i].Prefix, "error", err)
		default:
			return fmt.Errorf("%s route %s: %w", verb(how), routes[i].Prefix, err)
		}
	}
	return nil
}

// addTunnel adds routes into the tunnel. One whose prefix and metric others have gets the next metric, and is reported: the
// better metric wins.
func (t *Table) addTunnel(routes []rtnetlink.Route) ([]Overlap, error) {
	var taken []Overlap
	for attempt := range metricAttempts {
		changes := make([]rtnetlink.Change, len(routes))
		for i, route := range routes {
			route.Metric = tunnelMetric + uint32(attempt)
			changes[i] = rtnetlink.Change{Route: route}
		}
		results, err := t.conn.Apply(changes)
		if err != nil {
			return nil, err
		}
		var again []rtnetlink.Route
		for i, err := range results {
			switch {
			case err == nil:
			case errors.Is(err, unix.EEXIST):
				again = append(again, routes[i])
				if attempt == 0 {
					taken = append(taken, Overlap{Prefix: routes[i].Prefix, Relation: Taken, Local: routes[i].Prefix})
				}
			default:
				return nil, fmt.Errorf("add route %s: %w", routes[i].Prefix, err)
			}
		}
		if routes = again; len(routes) == 0 {
			return taken, nil
		}
	}
	return taken, nil
}

// transient reports whether a route on a physical network could not be made because that network is going at this moment.
// The change that is under way brings the next refresh.
func transient(err error) bool {
	return errors.Is(err, unix.ENETUNREACH) || errors.Is(err, unix.EHOSTUNREACH) || errors.Is(err, unix.ENETDOWN) ||
		errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL)
}

// gone reports whether a route to be removed was not there any more.
func gone(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENODEV)
}

func verb(how rtnetlink.Change) string {
	if how.Delete {
		return "remove"
	}
	return "add"
}

// Remove deletes routes, as recorded by a process that is gone, or found with Owner.
func Remove(conn *rtnetlink.Conn, routes []rtnetlink.Route) error {
	changes := make([]rtnetlink.Change, len(routes))
	for i, route := range routes {
		changes[i] = rtnetlink.Change{Route: route, Delete: true}
	}
	results, err := conn.Apply(changes)
	if err != nil {
		return err
	}
	var failures []error
	for i, err := range results {
		if err != nil && !gone(err) {
			failures = append(failures, fmt.Errorf("remove route %s: %w", routes[i].Prefix, err))
		}
	}
	return errors.Join(failures...)
}

func split(routes []rtnetlink.Route, link int) (physical, tunnel []rtnetlink.Route) {
	for _, route := range routes {
		if route.Link == link {
			tunnel = append(tunnel, route)
		} else {
			physical = append(physical, route)
		}
	}
	return physical, tunnel
}
