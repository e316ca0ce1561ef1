package netmon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// settle is how long the network must be quiet before a change is told: a change of network is dozens of events.
const settle = 500 * time.Millisecond

// settleAtMost is how long a change is held back while the events go on.
const settleAtMost = 3 * time.Second

// Watch tells of changes of the network namespace that the calling thread is in, and of sleep, until ctx ends; then it
// closes the channel. Changes caused by our own tunnels' devices and routes are not told. A change that nobody has taken yet
// is replaced by a newer one of the same sort, so a slow reader holds up nothing.
func Watch(ctx context.Context, logger *slog.Logger) (<-chan Change, error) {
	if logger == nil {
		logger = discard()
	}
	listener, err := rtnetlink.Listen()
	if err != nil {
		return nil, err
	}
	picture, err := newPainter()
	if err != nil {
		_ = listener.Close()
		return nil, fmt.Errorf("watch the network: %w", err)
	}
	before, err := picture.paint()
	if err != nil {
		picture.close()
		_ = listener.Close()
		return nil, fmt.Errorf("watch the network: %w", err)
	}
	w := &watcher{painter: picture, logger: logger, changes: make(chan Change), bus: systemBus, clock: systemClock(), last: before}
	go w.run(ctx, listener)
	return w.changes, nil
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
