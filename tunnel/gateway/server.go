package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// ErrNoSession says that there is no session of that ID, or no more.
var ErrNoSession = errors.New("there is no such session")

// Server is a gateway. Its methods may be called from any goroutine, also before and after Serve.
type Server struct {
	config    Config
	pool      *pool
	router    *router
	faults    atomic.Pointer[faultState]
	tlsConfig atomic.Pointer[tls.Config]
	pushed    atomic.Pointer[[]string]
	lastID    atomic.Uint64
	buffers   *deliveries

	mu      sync.Mutex
	clients map[ID]*client
	peerIDs map[uint32]bool // in use
}

// New makes a gateway that serves when Serve is called.
func New(config Config) (*Server, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{config: config, pool: newPool(config.IPv4, config.IPv6), router: newRouter(), clients: make(map[ID]*client),
		peerIDs: make(map[uint32]bool)}
	s.buffers = newDeliveries(config.Device)
	s.SetFaults(config.Faults)
	s.SetTLS(config.TLS)
	options := config.commonOptions()
	s.pushed.Store(&options)
	return s, nil
}

// Serve serves until ctx ends, and then ends every session and closes listeners, sockets and the device. It returns nil
// then; an error of a listener, a socket or the device ends it too. It may be called once.
func (s *Server) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	var once sync.Once
	var failure error
	run := func(what string, f func(context.Context) error) {
		running.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				once.Do(func() { failure = fmt.Errorf("%s: %w", what, err) })
			}
			cancel()
		})
	}
	for _, listener := range s.config.Listeners {
		run("accept clients", func(ctx context.Context) error { return s.serveStreams(ctx, listener) })
	}
	for _, socket := range s.config.Sockets {
		run("read datagrams", func(ctx context.Context) error { return s.serveDatagrams(ctx, socket) })
	}
	if s.config.Device != nil {
		run("read device", s.forward)
	}
	<-ctx.Done()
	err := s.close()
	running.Wait()
	return errors.Join(failure, err)
}

// close closes what the server was given, which ends the goroutines that read it. Sockets stay open until the sessions
// on them have said goodbye; see serveDatagrams.
func (s *Server) close() error {
	var err error
	for _, listener := range s.config.Listeners {
		err = errors.Join(err, ignoreClosed(listener.Close()))
	}
	for _, client := range s.list() {
		<-client.ended
	}
	for _, socket := range s.config.Sockets {
		err = errors.Join(err, ignoreClosed(socket.Close()))
	}
	if s.config.Device != nil {
		err = errors.Join(err, s.config.Device.Close())
	}
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// SetFaults makes the gateway misbehave, or behave, from now on.
func (s *Server) SetFaults(faults Faults) {
	s.faults.Store(&faultState{Faults: faults})
}

// Faults are the faults in force.
func (s *Server) Faults() Faults { return s.faults.Load().Faults }

// SetTLS changes certificate and client verification for keys to come.
func (s *Server) SetTLS(config *tls.Config) { s.tlsConfig.Store(config.Clone()) }

// SetPush replaces the options that clients to come are pushed, Config's routes and name servers included. Those that depend on
// the client, such as its address, are added to each.
func (s *Server) SetPush(options []string) error {
	if _, err := push.Replies(options, s.config.ReplySize); err != nil {
		return err
	}
	options = slices.Clone(options)
	s.pushed.Store(&options)
	return nil
}

// options are what every client gets now.
func (s *Server) options() []string { return slices.Clone(*s.pushed.Load()) }

// Sessions lists the sessions, the oldest first, those that are not signed in included.
func (s *Server) Sessions() []Session {
	var sessions []Session
	for _, client := range s.list() {
		sessions = append(sessions, client.view())
	}
	return sessions
}

func (s *Server) list() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	clients := make([]*client, 0, len(s.clients))
	for _, client := range s.clients {
		clients = append(clients, client)
	}
	slices.SortFunc(clients, func(a, b *client) int { return int(a.session.id) - int(b.session.id) })
	return clients
}

// Disconnection is how a session is ended from here.
type Disconnection int

// The ways to end a session.
const (
	Close   Disconnection = iota // as an orderly end: a TCP connection is closed, a UDP client told nothing
	Abort                        // as when something breaks: a TCP connection is reset, a UDP client told nothing
	Goodbye                      // with EXIT
	Restart                      // with RESTART: the client is to connect again
	Halt                         // with HALT: the client is not to connect again
)

// Disconnect ends a session.
func (s *Server) Disconnect(id ID, how Disconnection) error {
	return s.do(id, func(now time.Time, session *session) error {
		switch how {
		case Goodbye:
			session.leave(now, push.Exit{}, errClosed)
		case Restart:
			session.leave(now, push.Restart{}, errClosed)
		case Halt:
			session.leave(now, push.Halt{}, errClosed)
		case Abort:
			session.reset()
		default:
			session.end(errClosed)
		}
		return nil
	})
}

// Renegotiate begins a new key for a session.
func (s *Server) Renegotiate(id ID) error {
	return s.do(id, func(now time.Time, session *session) error {
		err := session.renegotiate(now, true)
		session.collect(now)
		return err
	})
}

// Send sends a control message to a session's client, and changes nothing else: a client that is sent RESTART with its reason and flags stays connected
// until it follows.
func (s *Server) Send(id ID, message push.Message) error {
	return s.do(id, func(now time.Time, session *session) error { return session.send(now, message) })
}

// do has a session's goroutine call f.
func (s *Server) do(id ID, f func(time.Time, *session) error) error {
	s.mu.Lock()
	client := s.clients[id]
	s.mu.Unlock()
	if client == nil {
		return ErrNoSession
	}
	err := ErrNoSession
	client.do(func(now time.Time) {
		if !client.session.over {
			err = f(now, client.session)
		}
	})
	return err
}

// errFull says that there are as many sessions as there may be.
var errFull = errors.New("there are too many sessions")

// register notes a session that begins, and gives it the lowest free peer id.
func (s *Server) register(c *client) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= s.config.MaxClients {
		return errFull
	}
	s.clients[c.session.id] = c
	for s.peerIDs[c.session.peerID] {
		c.session.peerID++
	}
	s.peerIDs[c.session.peerID] = true
	return nil
}

// forget drops a session that has ended.
func (s *Server) forget(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, c.session.id)
	delete(s.peerIDs, c.session.peerID)
}
