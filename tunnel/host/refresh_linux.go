package host

import (
	"context"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
)

// refreshDelay gathers the events of one change of network.
const refreshDelay = 100 * time.Millisecond

// watch begins to follow the network: routes that are kept outside the tunnel move with the network they are on, and what
// other programs take away is put back.
func (s *System) watch() error {
	listener, err := rtnetlink.Listen()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stopping = cancel
	go func() {
		err := listener.Run(ctx, func(event rtnetlink.Event) {
			if event.Route.Protocol == rtnetlink.Protocol && !event.Removed {
				return
			}
			s.stir()
		})
		if err != nil {
			s.logger.Error("network changes are no longer followed", "error", err)
		}
	}()
	go s.follow(ctx)
	return nil
}

// stir has the computer looked at again soon.
func (s *System) stir() {
	select {
	case s.stirred <- struct{}{}:
	default:
	}
}

func (s *System) follow(ctx context.Context) {
	defer close(s.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stirred:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(refreshDelay):
		}
		s.refresh(ctx)
	}
}

// refresh makes the computer look again as it was set.
func (s *System) refresh(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.current == nil {
		return
	}
	if err := s.apply(ctx, *s.current); err != nil && ctx.Err() == nil {
		s.logger.Warn("host could not be set again after the network changed", "error", err)
	}
}
