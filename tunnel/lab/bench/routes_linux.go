package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// pushedSpace is what the pushed routes are cut from: the shared address space (RFC 6598), which the lab uses for nothing else.
var pushedSpace = netip.MustParsePrefix("100.64.0.0/10")

// pushedRoutes are count networks, none next to another, so that they cannot be put together.
func pushedRoutes(count int) []netip.Prefix {
	routes := make([]netip.Prefix, count)
	base := pushedSpace.Addr().As4()
	for i := range routes {
		at := base
		n := i * 2
		at[1] += byte(n >> 8)
		at[2] = byte(n)
		routes[i] = netip.PrefixFrom(netip.AddrFrom4(at), 24)
	}
	return routes
}

// routeWatch notes when routes from the pushed space came into a namespace.
type routeWatch struct {
	updates chan netlink.RouteUpdate
	failed  chan error
	done    chan struct{}
}

// routeBuffer holds the kernel's notices of thousands of routes, in bytes.
const routeBuffer = 8 << 20

func watchRoutes(where *netns.Namespace) (*routeWatch, error) {
	w := &routeWatch{updates: make(chan netlink.RouteUpdate, 1024), failed: make(chan error, 1), done: make(chan struct{})}
	err := where.Do(func() error {
		return netlink.RouteSubscribeWithOptions(w.updates, w.done, netlink.RouteSubscribeOptions{
			ReceiveBufferSize: routeBuffer, ReceiveBufferForceSize: true,
			ErrorCallback: func(err error) {
				select {
				case w.failed <- err:
				default:
				}
			},
		})
	})
	if err != nil {
		return nil, fmt.Errorf("watch routes: %w", err)
	}
	return w, nil
}

func (w *routeWatch) close() {
	close(w.done)
	go func() {
		for range w.updates { // lets its goroutine end
		}
	}()
}

// wait returns when the first and the last of count pushed routes came.
func (w *routeWatch) wait(ctx context.Context, count int, limit time.Duration) (first, last time.Time, err error) {
	late := time.NewTimer(limit)
	defer late.Stop()
	seen := make(map[string]bool, count)
	for {
		select {
		case update, open := <-w.updates:
			if !open {
				return first, last, fmt.Errorf("watch routes: ended after %d of %d", len(seen), count)
			}
			if update.Type != unix.RTM_NEWROUTE || update.Dst == nil || !isPushed(update.Dst.IP) {
				continue
			}
			last = time.Now()
			if first.IsZero() {
				first = last
			}
			seen[string(update.Dst.IP.To4())] = true
			if len(seen) == count {
				return first, last, nil
			}
		case err := <-w.failed:
			return first, last, fmt.Errorf("watch routes: %w", err)
		case <-late.C:
			return first, last, fmt.Errorf("wait for routes: %d of %d after %v", len(seen), count, limit)
		case <-ctx.Done():
			return first, last, ctx.Err()
		}
	}
}

func isPushed(ip []byte) bool {
	address, ok := netip.AddrFromSlice(ip)
	return ok && pushedSpace.Contains(address.Unmap())
}

// measureRoutes measures how soon many pushed routes are in.
func (b *bench) measureRoutes(ctx context.Context, kind lab.Kind, count int) (err error) {
	l, err := b.up(ctx, kind, "tcp", count)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b.progress("%s gateway: %d routes", gatewayName(kind), count)
	var fromStart, setting measured
	for range b.effort.repeats {
		for _, c := range contenders() {
			if err := b.measureRoutesOnce(ctx, l, c, count, &fromStart, &setting); err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
		}
	}
	b.row(kind, fmt.Sprintf("start to %d routes", count), "ms", &fromStart)
	b.row(kind, fmt.Sprintf("first to last of %d routes", count), "ms", &setting)
	return nil
}

func (b *bench) measureRoutesOnce(ctx context.Context, l *lab.Lab, c contender, count int, fromStart, setting *measured) error {
	watch, err := watchRoutes(l.Laptop)
	if err != nil {
		return err
	}
	defer watch.close()
	began := time.Now()
	running, err := b.start(ctx, l, c)
	if err != nil {
		return err
	}
	first, last, err := watch.wait(ctx, count, connectLimit)
	if err != nil {
		return fmt.Errorf("%w\n%s", errors.Join(err, running.stop()), running.output())
	}
	fromStart.add(c, milliseconds(last.Sub(began)))
	setting.add(c, milliseconds(last.Sub(first)))
	return running.stop()
}
