// Package service is the privileged side: who is calling and what they may do, and the tunnels that run for them.
package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
)

// Options says how the service runs. The zero value is right for Linux.
type Options struct {
	Access   Access
	StateDir string // where journals are kept; empty: host.DefaultStateDir
	Version  string
	Logger   *slog.Logger

	// Computer opens this computer for a tunnel; nil: host.Open.
	Computer func(context.Context) (tunnel.Computer, error)
}

// Service runs tunnels for the users of this computer.
type Service struct {
	options Options
	logger  *slog.Logger
	running sync.WaitGroup // of the sessions

	mu       sync.Mutex
	ending   bool
	sessions map[string]*session // by id
	streams  map[*stream]struct{}
}

// New prepares a service.
func New(options Options) *Service {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Computer == nil {
		options.Computer = func(ctx context.Context) (tunnel.Computer, error) {
			return host.Open(ctx, host.Options{StateDir: options.StateDir, Logger: options.Logger})
		}
	}
	return &Service{options: options, logger: options.Logger, sessions: map[string]*session{}, streams: map[*stream]struct{}{}}
}

// The times that a caller has. Streams of events have no limit but that of a single line.
const (
	headerTimeout  = 5 * time.Second
	requestTimeout = 15 * time.Second
	lineTimeout    = 10 * time.Second
)

// Serve answers requests until ctx ends, then disconnects all tunnels and returns when this computer is as it was.
func (s *Service) Serve(ctx context.Context, listener *net.UnixListener) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			if peer, ok := conn.(*peerConn); ok {
				ctx = context.WithValue(ctx, peerKey{}, peer.uid)
			}
			return ctx
		},
	}
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(&gate{UnixListener: listener, logger: s.logger, open: map[uint32]int{}})
	}()
	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	s.end()
	err = errors.Join(err, server.Close()) // streams would never end by themselves
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// end disconnects every tunnel and waits until each has put this computer back.
func (s *Service) end() {
	s.mu.Lock()
	s.ending = true
	for _, session := range s.sessions {
		session.cancel()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// network tells a tunnel of changes until ctx ends.
func (s *Service) network(ctx context.Context) <-chan netmon.Change {
	changes, err := netmon.Watch(ctx, s.logger)
	if err != nil {
		s.logger.Warn("changes of the network are not noticed", "error", err)
		return nil
	}
	return changes
}

// refuse is what a caller is told whom something is not allowed.
func refuse(sentence, remedy string) *api.Error {
	return &api.Error{Code: api.NotPermitted, Sentence: sentence, Remedy: remedy}
}
