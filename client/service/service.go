// Package service is the privileged side: who is calling and what they may do, and the tunnels that run for them.
package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/gatewaymemory"
	"github.com/footbridge-vpn/footbridge/client/history"
	"github.com/footbridge-vpn/footbridge/client/logfile"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
	"github.com/footbridge-vpn/footbridge/client/trusted"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
)

// Options says how the service runs. The zero value is right for Linux, without a policy and machine profiles.
type Options struct {
	Access   Access
	StateDir string       // where journals, history and memories are kept; empty: host.DefaultStateDir
	Policy   string       // path of the administrator's policy; empty: there is none
	Profiles string       // folder of machine profiles; empty: there are none
	Fleet    string       // path of the administrator's file that names a manifest to follow; empty: none is followed
	Drop     string       // folder that deployment tools put profiles into; empty: there is none
	Log      *logfile.Log // what callers may ask for; nil: nothing
	Version  string
	Logger   *slog.Logger

	// TrustPolicy looks at the policy's file before it is believed; nil: it must be root's and writable for nobody else.
	TrustPolicy func(fs.FileInfo) error
	// Computer opens this computer for a tunnel; nil: host.Open.
	Computer func(context.Context) (tunnel.Computer, error)
	// Trusted looks for trusted networks. The zero value looks at this computer's.
	Trusted trusted.Network
	// RestartWaits are the waits before an always-on connection that failed is started again; empty: 5 s, doubled up to 5 min.
	RestartWaits []time.Duration
	// FleetTransport is the way to the manifest; nil: through the proxy that the manifest's settings, the policy or the environment name.
	FleetTransport http.RoundTripper
}

// Service runs tunnels for the users of this computer.
type Service struct {
	options Options
	logger  *slog.Logger
	history *history.History      // nil: not kept
	memory  *gatewaymemory.Memory // which hello gateways understood
	running sync.WaitGroup        // of the sessions and what keeps them

	mu       sync.Mutex
	ending   bool
	sessions map[string]*session // by id
	streams  map[*stream]struct{}

	policy        *policy.Policy
	policyProblem string // why the policy cannot be followed
	fleet         managed
	machines      []store.Entry
	origins       map[string]api.Origin // of machine profiles that no administrator installed here, by id
	damaged       []store.Damaged
	keepers       map[string]*keeper // of machine profiles that connect by themselves, by the profile's id
}

// New prepares a service.
func New(options Options) *Service {
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.StateDir == "" {
		options.StateDir = host.DefaultStateDir
	}
	if options.Computer == nil {
		options.Computer = func(ctx context.Context) (tunnel.Computer, error) {
			return host.Open(ctx, host.Options{StateDir: options.StateDir, Logger: options.Logger})
		}
	}
	s := &Service{options: options, logger: options.Logger, sessions: map[string]*session{}, streams: map[*stream]struct{}{},
		policy: new(policy.Policy), keepers: map[string]*keeper{},
		memory: gatewaymemory.Open(filepath.Join(options.StateDir, "hello.json"), options.Logger)}
	var err error
	if s.history, err = history.Open(filepath.Join(options.StateDir, "history.ndjson"), 0, options.Logger); err != nil {
		s.logger.Error("history not kept", "error", err)
	}
	s.openFleet()
	s.readPolicy()
	s.followDropFolder()
	s.readMachineProfiles()
	return s
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
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	s.running.Go(func() { s.watch(watching) })
	s.running.Go(func() { s.followFleet(watching) })
	s.reconcile()
	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	stopWatching()
	s.end()
	err = errors.Join(err, server.Close()) // streams would never end by themselves
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// Alive returns when the service is at nothing that keeps its callers waiting. From one that hangs it never returns.
func (s *Service) Alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
}

// end disconnects every tunnel and waits until each has put this computer back.
func (s *Service) end() {
	s.mu.Lock()
	s.ending = true
	for _, k := range s.keepers {
		k.cancel()
	}
	for _, session := range s.sessions {
		session.end(api.EndedByService)
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
