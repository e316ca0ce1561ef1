package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// maxFlows bounds the clients of a datagram relay at a time.
const maxFlows = 1024

// DatagramOptions describes a relay for UDP.
type DatagramOptions struct {
	Front net.PacketConn                              // where clients send to; the relay closes it
	Dial  func(ctx context.Context) (net.Conn, error) // a socket of its own for each client, to the gateway

	Up, Down Impairment // to the gateway, and back
	Seed     uint64     // the same seed, datagrams and impairment: the same losses
}

// Datagram is a running relay for UDP. It is safe for concurrent use.
type Datagram struct {
	front net.PacketConn
	dial  func(ctx context.Context) (net.Conn, error)
	seed  uint64
	ctx   context.Context
	stop  context.CancelFunc
	done  sync.WaitGroup

	mu       sync.Mutex
	up, down Impairment
	upward   *line
	flows    map[string]*flow
	made     uint64
	counted  Counters // of flows that are gone
}

// flow is one client.
type flow struct {
	client net.Addr
	back   net.Conn
	down   *line // guarded by Datagram.mu
}

// NewDatagram starts a relay, which runs until Close.
func NewDatagram(options DatagramOptions) *Datagram {
	ctx, stop := context.WithCancel(context.Background())
	d := &Datagram{front: options.Front, dial: options.Dial, seed: options.Seed, ctx: ctx, stop: stop,
		up: options.Up, down: options.Down, upward: newLine(options.Seed, 0), flows: make(map[string]*flow)}
	d.done.Go(d.forwardUp)
	return d
}

// Impair changes what happens to datagrams from now on.
func (d *Datagram) Impair(up, down Impairment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.up, d.down = up, down
}

// Rebind forgets all clients, so that they come from another port from now on, as behind a router that lost its table.
func (d *Datagram) Rebind() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, f := range d.flows {
		d.forget(key, f)
	}
}

// forget ends a flow. d.mu is held.
func (d *Datagram) forget(key string, f *flow) {
	if d.flows[key] != f {
		return
	}
	delete(d.flows, key)
	f.back.Close()
	d.counted.add(f.down.counters)
}

// Counters are what became of datagrams to the gateway and back.
func (d *Datagram) Counters() (up, down Counters) {
	d.mu.Lock()
	defer d.mu.Unlock()
	down = d.counted
	for _, f := range d.flows {
		down.add(f.down.counters)
	}
	return d.upward.counters, down
}

func (c *Counters) add(o Counters) {
	c.Arrived += o.Arrived
	c.Forwarded += o.Forwarded
	c.Lost += o.Lost
	c.Duplicated += o.Duplicated
	c.Reordered += o.Reordered
}

// Close ends the relay and waits until it has ended.
func (d *Datagram) Close() error {
	d.stop()
	err := d.front.Close()
	d.Rebind()
	d.done.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close relay: %w", err)
	}
	return nil
}

// forwardUp carries datagrams from all clients until the front is closed.
func (d *Datagram) forwardUp() {
	buffer := make([]byte, 64<<10)
	for {
		d.front.SetReadDeadline(d.due(func() *line { return d.upward }))
		size, client, err := d.front.ReadFrom(buffer)
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			if d.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			continue // such as an ICMP error that a client's datagram brought back
		}
		d.mu.Lock()
		if err == nil {
			if f := d.flowOf(client); f != nil {
				d.upward.take(time.Now(), d.up, buffer[:size], func(data []byte) { f.back.Write(data) }) // lost if it fails, as datagrams are
			}
		}
		d.upward.release(time.Now())
		d.mu.Unlock()
	}
}

// due is the read deadline for a line: when it has something to release, or none.
func (d *Datagram) due(which func() *line) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return which().next()
}

// flowOf finds or makes a client's flow; nil: there can be none, and the datagram is lost. d.mu is held.
func (d *Datagram) flowOf(client net.Addr) *flow {
	key := client.String()
	if f := d.flows[key]; f != nil {
		return f
	}
	if len(d.flows) >= maxFlows || d.ctx.Err() != nil {
		return nil
	}
	back, err := d.dial(d.ctx)
	if err != nil {
		return nil
	}
	d.made++
	f := &flow{client: client, back: back, down: newLine(d.seed, d.made)}
	d.flows[key] = f
	d.done.Go(func() { d.forwardDown(key, f) })
	return f
}

// forwardDown carries datagrams back to one client until its flow ends.
func (d *Datagram) forwardDown(key string, f *flow) {
	buffer := make([]byte, 64<<10)
	for {
		f.back.SetReadDeadline(d.due(func() *line { return f.down }))
		size, err := f.back.Read(buffer)
		d.mu.Lock()
		if errors.Is(err, net.ErrClosed) {
			d.forget(key, f)
			d.mu.Unlock()
			return
		}
		if err == nil {
			f.down.take(time.Now(), d.down, buffer[:size], func(data []byte) { d.front.WriteTo(data, f.client) })
		}
		f.down.release(time.Now())
		d.mu.Unlock()
	}
}
