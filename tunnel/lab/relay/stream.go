package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// StreamOptions describes a relay for TCP.
type StreamOptions struct {
	Front net.Listener                                // where clients connect to; the relay closes it
	Dial  func(ctx context.Context) (net.Conn, error) // to the gateway

	Up, Down Shape // to the gateway, and back
}

// Shape is what happens to the bytes of one direction of a connection.
type Shape struct {
	Delay          time.Duration // of all bytes
	BytesPerSecond int           // at most; 0: no limit
	ResetAfter     int64         // bytes, after which the connection is reset; 0: never
}

// Stream is a running relay for TCP. It is safe for concurrent use.
type Stream struct {
	front net.Listener
	dial  func(ctx context.Context) (net.Conn, error)
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup
	gate  gate

	mu       sync.Mutex
	up, down Shape
	refuse   bool
	silent   bool
	accepted int
	pairs    map[*pair]struct{}
}

// NewStream starts a relay, which runs until Close.
func NewStream(options StreamOptions) *Stream {
	ctx, stop := context.WithCancel(context.Background())
	s := &Stream{front: options.Front, dial: options.Dial, ctx: ctx, stop: stop, up: options.Up, down: options.Down, pairs: make(map[*pair]struct{})}
	s.done.Go(s.accept)
	return s
}

// Shape changes what happens to connections that are made from now on.
func (s *Stream) Shape(up, down Shape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up, s.down = up, down
}

// Stall stops all bytes, both ways, while connections stay: senders find their buffers full.
func (s *Stream) Stall() { s.gate.close() }

// Resume ends a Stall; nothing was lost.
func (s *Stream) Resume() { s.gate.open() }

// GoSilent makes connections half-open, those that exist and new ones: what is sent is taken and thrown away, nothing comes back,
// not even the end of a connection. It is how a gateway looks that has vanished behind a firewall.
func (s *Stream) GoSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// Refuse resets new connections at once, or no longer.
func (s *Stream) Refuse(refuse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

// ResetAll resets all connections.
func (s *Stream) ResetAll() { s.each((*pair).reset) }

// CloseAll ends all connections in the orderly way.
func (s *Stream) CloseAll() { s.each((*pair).close) }

func (s *Stream) each(f func(*pair)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.pairs {
		f(p)
	}
}

// Connections is how many connections there are, and how many were ever accepted.
func (s *Stream) Connections() (present, ever int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pairs), s.accepted
}

// Close ends the relay with all connections and waits until it has ended.
func (s *Stream) Close() error {
	s.stop()
	err := s.front.Close()
	s.CloseAll()
	s.done.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close relay: %w", err)
	}
	return nil
}

func (s *Stream) accept() {
	for {
		client, err := s.front.Accept()
		if err != nil {
			return
		}
		s.done.Go(func() { s.serve(client) })
	}
}

// serve joins a client with the gateway until either side ends.
func (s *Stream) serve(client net.Conn) {
	s.mu.Lock()
	s.accepted++
	refuse, up, down := s.refuse, s.up, s.down
	s.mu.Unlock()
	if refuse {
		reset(client)
		return
	}
	gateway, err := s.dial(s.ctx)
	if err != nil {
		reset(client)
		return
	}
	p := newPair(s, client, gateway)
	if !s.add(p) {
		p.close()
		return
	}
	p.run(up, down)
	s.mu.Lock()
	delete(s.pairs, p)
	s.mu.Unlock()
}

// add takes a pair in, unless the relay is closing.
func (s *Stream) add(p *pair) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return false
	}
	s.pairs[p] = struct{}{}
	return true
}

func (s *Stream) isSilent() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}
