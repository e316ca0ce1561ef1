package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// pinger sends ICMP echo requests from a namespace to one address.
type pinger struct {
	socket net.PacketConn
	target net.Addr
	id     int
	next   int
	buffer []byte
}

func newPinger(ctx context.Context, from *netns.Namespace, target netip.Addr) (*pinger, error) {
	socket, err := from.ListenPacket(ctx, "ip4:icmp", "0.0.0.0")
	if err != nil {
		return nil, fmt.Errorf("open ping socket: %w", err)
	}
	return &pinger{socket: socket, target: &net.IPAddr{IP: target.AsSlice()}, id: os.Getpid() & 0xffff, buffer: make([]byte, 2048)}, nil
}

func (p *pinger) close() { p.socket.Close() }

// send sends the next request. That there is no way to the target yet is no error.
func (p *pinger) send(sequence int) error {
	body := make([]byte, 56)
	binary.BigEndian.PutUint64(body, uint64(time.Now().UnixNano()))
	message := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: p.id, Seq: sequence & 0xffff, Data: body}}
	data, err := message.Marshal(nil)
	if err != nil {
		return err
	}
	p.socket.WriteTo(data, p.target)
	return nil
}

// receive waits for an answer from the target and returns which request it is for.
func (p *pinger) receive(deadline time.Time) (int, error) {
	if err := p.socket.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	for {
		n, from, err := p.socket.ReadFrom(p.buffer)
		if err != nil {
			return 0, err
		}
		message, err := icmp.ParseMessage(1, p.buffer[:n])
		if err != nil || from.String() != p.target.String() || message.Type != ipv4.ICMPTypeEchoReply {
			continue
		}
		if echo, ok := message.Body.(*icmp.Echo); ok && echo.ID == p.id {
			return echo.Seq, nil
		}
	}
}

// interval between the requests that look for the first answer.
const interval = time.Millisecond

// first pings until there is an answer, and returns how long after start that was.
func (p *pinger) first(ctx context.Context, start time.Time, limit time.Duration) (time.Duration, error) {
	sending, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for sequence := 0; ; sequence++ {
			if err := p.send(sequence); err != nil {
				failed <- err
				return
			}
			select {
			case <-sending.Done():
				failed <- nil
				return
			case <-ticker.C:
			}
		}
	}()
	_, err := p.receive(start.Add(limit))
	took := time.Since(start)
	stop()
	if err := errors.Join(err, <-failed); err != nil {
		return 0, fmt.Errorf("wait for the first answer to a ping: %w", err)
	}
	return took, nil
}

// roundTrip is the median round trip of a number of pings, one after the other.
func (p *pinger) roundTrip(count int) (time.Duration, error) {
	var times []float64
	for range count {
		p.next++
		start := time.Now()
		if err := p.send(p.next); err != nil {
			return 0, err
		}
		for {
			sequence, err := p.receive(start.Add(time.Second))
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break // lost
			}
			if err != nil {
				return 0, fmt.Errorf("wait for the answer to a ping: %w", err)
			}
			if sequence == p.next&0xffff {
				times = append(times, float64(time.Since(start)))
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	if len(times) < count/2 {
		return 0, fmt.Errorf("ping %v: %d of %d were answered", p.target, len(times), count)
	}
	return time.Duration(median(times)), nil
}
