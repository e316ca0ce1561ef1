package netmon

import (
	"context"
	"log/slog"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// watcher gathers what happens and tells the outcome.
type watcher struct {
	painter *painter
	logger  *slog.Logger
	changes chan Change
	bus     busDialer
	clock   clock

	last    picture
	pending []Change
}

func (w *watcher) run(ctx context.Context, listener *rtnetlink.Listener) {
	defer close(w.changes)
	defer w.painter.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stirred := make(chan struct{}, 1)
	go func() {
		err := listener.Run(ctx, func(event rtnetlink.Event) {
			if event.Route.Protocol != rtnetlink.Protocol {
				poke(stirred)
			}
		})
		if err != nil {
			w.logger.Error("network changes are no longer seen", "error", err)
		}
	}()
	slept := make(chan Change, 4)
	go watchSleep(ctx, w.bus, w.clock, slept, w.logger)
	w.loop(ctx, stirred, slept)
}

func (w *watcher) loop(ctx context.Context, stirred <-chan struct{}, slept <-chan Change) {
	var quiet, latest <-chan time.Time
	for {
		out, next := w.next()
		select {
		case <-ctx.Done():
			return
		case out <- next:
			w.pending = w.pending[1:]
		case <-stirred:
			quiet = time.After(settle)
			if latest == nil {
				latest = time.After(settleAtMost)
			}
		case <-quiet:
			quiet, latest = nil, nil
			w.look()
		case <-latest:
			quiet, latest = nil, nil
			w.look()
		case change := <-slept:
			w.add(change)
		}
	}
}

// next gives the channel and the change to send, or a channel on which nothing can be sent.
func (w *watcher) next() (chan<- Change, Change) {
	if len(w.pending) == 0 {
		return nil, Change{}
	}
	return w.changes, w.pending[0]
}

// look compares the network with how it was.
func (w *watcher) look() {
	now, err := w.painter.paint()
	if err != nil {
		w.logger.Warn("network cannot be looked at", "error", err)
		return
	}
	if now == w.last {
		return
	}
	before := w.last
	w.last = now
	if now.lost && !before.lost {
		w.add(Change{Kind: NetworkLost, Reason: "no interface has an address"})
	} else if !now.lost {
		w.add(Change{Kind: NetworkChanged, Reason: now.text})
	}
}

// add queues a change in the place of one of the same sort that nobody has taken.
func (w *watcher) add(change Change) {
	kept := w.pending[:0]
	for _, waiting := range w.pending {
		if sort(waiting.Kind) != sort(change.Kind) {
			kept = append(kept, waiting)
		}
	}
	w.pending = append(kept, change)
}

func sort(kind Kind) string {
	if kind == NetworkChanged || kind == NetworkLost {
		return "network"
	}
	return "sleep"
}

func poke(channel chan<- struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
