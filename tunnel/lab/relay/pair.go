package relay

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

const (
	chunkSize = 32 << 10 // bytes that are read at once
	maxChunks = 256      // under way in one direction; then the relay stops reading
)

// pair is a client's connection and the one to the gateway that belongs to it.
type pair struct {
	relay           *Stream
	ctx             context.Context
	stop            context.CancelFunc
	client, gateway net.Conn
}

func newPair(relay *Stream, client, gateway net.Conn) *pair {
	ctx, stop := context.WithCancel(relay.ctx)
	return &pair{relay: relay, ctx: ctx, stop: stop, client: client, gateway: gateway}
}

func (p *pair) run(up, down Shape) {
	var both sync.WaitGroup
	both.Go(func() { p.copy(p.gateway, p.client, up) })
	both.Go(func() { p.copy(p.client, p.gateway, down) })
	both.Wait()
	p.close()
}

func (p *pair) close() {
	p.stop()
	p.client.Close()
	p.gateway.Close()
}

func (p *pair) reset() {
	p.stop()
	reset(p.client)
	reset(p.gateway)
}

// reset closes so that the other side sees a reset rather than an end.
func reset(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

// chunk is bytes under way.
type chunk struct {
	due  time.Time
	data []byte
}

// copy carries one direction until its source ends.
func (p *pair) copy(to, from net.Conn, shape Shape) {
	chunks := make(chan chunk, maxChunks)
	var writing sync.WaitGroup
	writing.Go(func() { p.write(to, chunks, shape) })
	p.read(from, chunks, shape)
	close(chunks)
	writing.Wait()
}

func (p *pair) read(from net.Conn, chunks chan<- chunk, shape Shape) {
	for {
		if p.relay.gate.pass(p.ctx) != nil {
			return
		}
		data := make([]byte, chunkSize)
		size, err := from.Read(data)
		if size > 0 && !p.relay.isSilent() {
			select {
			case chunks <- chunk{time.Now().Add(shape.Delay), data[:size]}:
			case <-p.ctx.Done():
				return
			}
		}
		if err != nil {
			p.ended(err)
			return
		}
	}
}

// ended deals with a source that ends: the orderly end is passed on by write, a reset is a reset for both, and silence swallows either.
func (p *pair) ended(err error) {
	if p.relay.isSilent() {
		<-p.ctx.Done()
		return
	}
	if err != io.EOF && p.ctx.Err() == nil {
		p.reset()
	}
}

func (p *pair) write(to net.Conn, chunks <-chan chunk, shape Shape) {
	var passed int64
	for c := range chunks {
		if p.sleep(time.Until(c.due)) != nil || p.relay.gate.pass(p.ctx) != nil {
			continue // closed: what is left is thrown away
		}
		if p.relay.isSilent() {
			continue
		}
		data := c.data
		cut := shape.ResetAfter > 0 && passed+int64(len(data)) >= shape.ResetAfter
		if cut {
			data = data[:shape.ResetAfter-passed]
		}
		if _, err := to.Write(data); err != nil {
			p.reset()
			continue
		}
		passed += int64(len(data))
		if cut {
			p.reset()
			continue
		}
		if shape.BytesPerSecond > 0 {
			p.sleep(time.Duration(len(data)) * time.Second / time.Duration(shape.BytesPerSecond))
		}
	}
	if tcp, ok := to.(*net.TCPConn); ok && p.ctx.Err() == nil {
		tcp.CloseWrite()
	}
}

func (p *pair) sleep(d time.Duration) error {
	if d <= 0 {
		return p.ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
}
