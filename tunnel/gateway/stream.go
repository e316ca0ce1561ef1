package gateway

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// serveStreams accepts TCP clients until ctx ends or the listener does.
func (s *Server) serveStreams(ctx context.Context, listener net.Listener) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	for {
		socket, err := listener.Accept()
		if err != nil {
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() && wait(ctx, acceptPause) == nil {
				continue
			}
			return err
		}
		serving.Go(func() { s.serveStream(ctx, socket) })
	}
}

// acceptPause is how long to wait where there are no file descriptors left.
const acceptPause = 100 * time.Millisecond

// serveStream serves one TCP client to its end.
func (s *Server) serveStream(ctx context.Context, socket net.Conn) {
	stop := context.AfterFunc(ctx, func() { socket.SetReadDeadline(time.Now()) })
	defer stop()
	link := newStreamLink(socket)
	client, err := s.greet(ctx, socket, link)
	if err != nil {
		s.config.Logger.Info("connection refused", "client", link.remote().String(), "reason", err)
		if errors.Is(err, errReset) {
			link.abort()
		} else {
			link.close()
		}
		return
	}
	var running sync.WaitGroup
	running.Go(client.run)
	err = client.readStream(link)
	client.cancel(err)
	running.Wait()
}

// greet reads a TCP client's first packet and begins its session.
func (s *Server) greet(ctx context.Context, socket net.Conn, link *streamLink) (*client, error) {
	socket.SetReadDeadline(time.Now().Add(s.config.HandshakeWindow))
	packets, err := link.conn.ReadPackets()
	for err == nil && s.faults.Load().Silent {
		packets, err = link.conn.ReadPackets()
	}
	if err != nil {
		return nil, err
	}
	client, err := s.newClient(ctx, link, packets[0])
	if err != nil {
		return nil, err
	}
	socket.SetReadDeadline(time.Time{})
	client.take(packets[1:])
	return client, nil
}

// readStream takes what a TCP client sends until the connection ends.
func (c *client) readStream(link *streamLink) error {
	for {
		packets, err := link.conn.ReadPackets()
		if err != nil {
			return err
		}
		c.take(packets)
	}
}

// take sorts packets from the client: runs of data packets are opened together.
func (c *client) take(packets [][]byte) {
	for len(packets) > 0 {
		n := 0
		for n < len(packets) && packet.IsData(packets[n]) {
			n++
		}
		if n > 0 {
			c.open(packets[:n])
			packets = packets[n:]
			continue
		}
		if packet.IsControl(packets[0]) {
			c.deliver(packets[0])
		}
		packets = packets[1:]
	}
}
