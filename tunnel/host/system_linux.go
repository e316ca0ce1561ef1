package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/host/dns"
	"github.com/footbridge-vpn/footbridge/tunnel/host/journal"
	"github.com/footbridge-vpn/footbridge/tunnel/host/route"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// undoTimeout bounds what is undone when the caller's context may have ended.
const undoTimeout = 10 * time.Second

// System is this computer, changed by one tunnel. Its methods may be called from several goroutines.
type System struct {
	logger *slog.Logger
	device device.Device
	name   string
	index  int
	mtu    int  // of the device before Set
	ipv6   bool // the kernel has it

	links    *netlink.Handle
	conn     *rtnetlink.Conn
	stirred  chan struct{} // the network changed, or somebody took settings away
	stopping context.CancelFunc
	stopped  chan struct{}

	mu       sync.Mutex
	table    *route.Table
	names    *dns.Manager
	journal  *journal.Journal
	record   journal.Record
	current  *Config // what was set last; nil: nothing
	warnings []Warning
	closed   bool
}

var _ Host = (*System)(nil)

// Open puts right what a tunnel that died left behind, and makes the device of a new tunnel, which is down and without
// addresses until Set. The calling thread's network namespace is the one that the System changes from then on.
func Open(ctx context.Context, options Options) (*System, error) {
	options = options.withDefaults()
	if err := Cleanup(ctx, options.StateDir, options.Logger); err != nil {
		options.Logger.Warn("something of an earlier tunnel is left", "error", err)
	}
	s := &System{logger: options.Logger, stirred: make(chan struct{}, 1), stopped: make(chan struct{})}
	if err := s.open(options); err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

func (s *System) open(options Options) error {
	var err error
	if s.links, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return fmt.Errorf("open netlink socket: %w", err)
	}
	if s.conn, err = rtnetlink.Dial(); err != nil {
		return err
	}
	var link netlink.Link
	if s.device, link, err = device.Create(options.Name, options.MTU); err != nil {
		return err
	}
	s.name, s.index, s.mtu = link.Attrs().Name, link.Attrs().Index, options.MTU
	_, err = os.Stat(filepath.Join("/proc/sys/net/ipv6/conf", s.name))
	s.ipv6 = err == nil
	s.logger = s.logger.With("device", s.name)
	if s.journal, err = openJournal(options.StateDir, s.name); err != nil {
		return err
	}
	s.record = journal.Record{Device: s.name, Link: s.index}
	s.table = route.NewTable(s.conn, s.index, s.recordRoutes, s.logger)
	s.names = dns.NewManager(dns.ThisComputer(), dns.Link{Index: s.index, Name: s.name}, s.recordDNS, s.stir, s.logger)
	return s.watch()
}

// openJournal takes the journal named after the device. In another network namespace a living tunnel's device may have the
// same name.
func openJournal(dir, name string) (*journal.Journal, error) {
	const attempts = 64
	for n := range attempts {
		candidate := name
		if n > 0 {
			candidate = fmt.Sprintf("%s-%d", name, n)
		}
		j, err := journal.Open(dir, candidate)
		if !errors.Is(err, journal.ErrInUse) {
			return j, err
		}
	}
	return nil, fmt.Errorf("take journal %s: %w", name, journal.ErrInUse)
}

// Device is the tunnel's network device. It is valid until Close.
func (s *System) Device() device.Device { return s.device }

// Name is the device's name.
func (s *System) Name() string { return s.name }

// Warnings is what there is to say about what was set last.
func (s *System) Warnings() []Warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.warnings)
}

// Set makes the computer look as config says.
func (s *System) Set(ctx context.Context, config Config) error {
	config, err := normalize(config)
	if err != nil {
		return fmt.Errorf("set host: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if err := s.apply(ctx, config); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		return errors.Join(fmt.Errorf("set host: %w", err), s.restore(undo))
	}
	s.current = &config
	return nil
}

// apply sets everything in the order in which it depends on each other: names are resolved through routes, routes need
// addresses.
func (s *System) apply(ctx context.Context, config Config) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var warnings []Warning
	config, warnings = s.withoutUnusableIPv6(config)
	if err := s.setLink(config); err != nil {
		return err
	}
	overlaps, err := s.table.Set(route.Config{Routes: config.Routes, Excluded: config.ExcludedRoutes, Gateways: config.Gateways})
	if err != nil {
		return err
	}
	for _, overlap := range overlaps {
		warnings = append(warnings, overlap)
	}
	limitations, err := s.names.Set(ctx, dns.Config(config.DNS))
	if err != nil {
		return err
	}
	for _, limitation := range limitations {
		warnings = append(warnings, limitation)
	}
	s.logger.Debug("host set", "warnings", len(warnings))
	s.warnings = warnings
	return nil
}

// restore goes back to what was set last, or to nothing.
func (s *System) restore(ctx context.Context) error {
	if s.current != nil {
		if err := s.apply(ctx, *s.current); err != nil {
			return fmt.Errorf("restore host: %w", err)
		}
		return nil
	}
	s.warnings = nil
	return errors.Join(s.undo(ctx), s.clearLink())
}

// undo takes back what does not go with the device, and the routes that do.
func (s *System) undo(ctx context.Context) error {
	return errors.Join(s.names.Close(ctx), s.table.Close())
}

// Close undoes everything and removes the device.
func (s *System) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()

	s.stopping()
	<-s.stopped
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), undoTimeout)
	defer cancel()
	err := s.undo(ctx)
	if err == nil {
		err = s.journal.Remove()
		s.journal = nil
	}
	return errors.Join(err, s.release())
}

// release gives back what the System holds in this process. What is in the journal still stays there.
func (s *System) release() error {
	var failures []error
	if s.device != nil {
		failures = append(failures, s.device.Close())
	}
	if s.journal != nil {
		failures = append(failures, s.journal.Release())
	}
	if s.conn != nil {
		failures = append(failures, s.conn.Close())
	}
	if s.links != nil {
		s.links.Close()
	}
	return errors.Join(failures...)
}

// recordRoutes writes down the routes that the device does not take with it.
func (s *System) recordRoutes(routes []rtnetlink.Route) error {
	s.record.Routes = nil
	for _, r := range routes {
		s.record.Routes = append(s.record.Routes, journal.Route{Prefix: r.Prefix, Metric: r.Metric, Link: r.Link,
			Gateway: r.Gateway, Unreachable: r.Type == rtnetlink.Unreachable})
	}
	return s.writeJournal()
}

// recordDNS writes down how names are resolved, where that is changed.
func (s *System) recordDNS(mode dns.Mode) error {
	s.record.DNS = nil
	if mode != "" {
		s.record.DNS = &journal.DNS{Mode: string(mode)}
	}
	return s.writeJournal()
}

func (s *System) writeJournal() error {
	written, err := s.journal.Write(s.record)
	if written {
		s.logger.Debug("journal written", "routes", len(s.record.Routes), "names", s.record.DNS != nil)
	}
	return err
}
