package transport

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// patience is how long a test waits for what should be immediate, on a loaded machine.
const patience = 15 * time.Second

// tcpPair returns both ends of a TCP connection over loopback.
func tcpPair(t testing.TB, address string) (client, server net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	}()
	client, err = net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

// somePackets makes packets of mixed sizes with recognisable contents.
func somePackets(count int, seed uint64) [][]byte {
	random := rand.New(rand.NewPCG(seed, 7))
	sizes := []int{1, 14, 53, 100, 1250, 1400, 1400, 1400, 1400, 1500, 9000, 16000}
	packets := make([][]byte, count)
	for i := range packets {
		packets[i] = bytes.Repeat([]byte{byte(i)}, sizes[random.IntN(len(sizes))])
		packets[i][0] = 0x38 // a reset's opcode, as the first packet of a stream has
	}
	return packets
}

func batchOf(stream bool, packets ...[]byte) *packet.Batch {
	b := &packet.Batch{Stream: stream}
	for _, p := range packets {
		b.Append(p)
	}
	return b
}

// readCount reads until so many packets have come, and returns copies.
func readCount(t testing.TB, c Conn, count int) [][]byte {
	t.Helper()
	var all [][]byte
	for len(all) < count {
		packets, err := c.ReadPackets()
		if err != nil {
			t.Fatalf("after %d of %d packets: %v", len(all), count, err)
		}
		for _, p := range packets {
			all = append(all, bytes.Clone(p))
		}
	}
	return all
}

func equalPackets(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func TestStreamCarriesBatches(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		client, server := tcpPair(t, address)
		a, b := NewStreamConn(client), NewStreamConn(server)
		if !a.Stream() || a.Remote() != b.Local() || a.Local() != b.Remote() {
			t.Errorf("addresses: %v→%v and %v→%v", a.Local(), a.Remote(), b.Local(), b.Remote())
		}
		sent := somePackets(2000, 1)
		go func() {
			for chunk := range slices.Chunk(sent, 37) {
				if err := a.WritePackets(batchOf(true, chunk...)); err != nil {
					t.Error(err)
				}
			}
			a.Close()
		}()
		if got := readCount(t, b, len(sent)); !equalPackets(got, sent) {
			t.Fatal("packets changed on their way")
		}
		if _, err := b.ReadPackets(); err != io.EOF {
			t.Errorf("after the end: %v, want EOF", err)
		}
	}
}

// A stream that arrives a byte at a time gives each packet once it is whole.
func TestStreamDribbles(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	sent := [][]byte{{0x38, 1, 2}, {0x40}, bytes.Repeat([]byte{0x48}, 300)}
	go func() {
		for _, b := range batchOf(true, sent...).Buffer {
			client.Write([]byte{b})
		}
	}()
	if got := readCount(t, NewStreamConn(server), len(sent)); !equalPackets(got, sent) {
		t.Fatalf("got %v", got)
	}
}

// The caller may write over the packets that it was given without harming the one that is still arriving.
func TestStreamPacketsAreTheCallers(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	sent := somePackets(50, 3)
	go func() {
		whole := batchOf(true, sent...).Buffer
		for chunk := range slices.Chunk(whole, 1001) {
			client.Write(chunk)
		}
	}()
	conn := NewStreamConn(server)
	var got [][]byte
	for len(got) < len(sent) {
		packets, err := conn.ReadPackets()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packets {
			got = append(got, bytes.Clone(p))
			if cap(p) != len(p) {
				t.Fatalf("a packet of %d bytes has capacity %d: appending would write over the next", len(p), cap(p))
			}
			clear(p)
		}
	}
	if !equalPackets(got, sent) {
		t.Fatal("packets changed")
	}
}

// Packets before a fault are delivered; then the fault is told, again and again, and the stream is closed.
func TestStreamBadLength(t *testing.T) {
	for name, length := range map[string]uint16{"zero": 0, "too long": DefaultMaxPacket + 1} {
		t.Run(name, func(t *testing.T) {
			client, server := tcpPair(t, "127.0.0.1:0")
			conn := NewStreamConn(server)
			whole := batchOf(true, []byte{0x38, 1}, []byte{0x40, 2}).Buffer
			whole = binary.BigEndian.AppendUint16(whole, length)
			if _, err := client.Write(append(whole, "rest"...)); err != nil {
				t.Fatal(err)
			}
			if got := readCount(t, conn, 2); len(got) != 2 {
				t.Fatalf("got %d packets", len(got))
			}
			for range 2 {
				_, err := conn.ReadPackets()
				var protocol *ProtocolError
				if !errors.As(err, &protocol) || !errors.Is(err, packet.ErrFrameLength) || Classify(err) != NotOpenVPN || Transient(err) {
					t.Fatalf("error %v", err)
				}
			}
			client.SetReadDeadline(time.Now().Add(patience))
			if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the stream is still open: %v", err)
			}
		})
	}
}

func TestStreamMaxPacket(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	big := bytes.Repeat([]byte{0x38}, 65535)
	go client.Write(batchOf(true, big).Buffer)
	if got := readCount(t, newStreamConn(server, 65535, nil), 1); !equalPackets(got, [][]byte{big}) {
		t.Error("the largest packet did not arrive")
	}
}

// What the proxy's answer was followed by is the beginning of the stream.
func TestStreamEarlyBytes(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	sent := [][]byte{{0x38, 1, 2, 3}, {0x40, 5}}
	whole := batchOf(true, sent...).Buffer
	go client.Write(whole[8:])
	if got := readCount(t, newStreamConn(server, 0, whole[:8]), 2); !equalPackets(got, sent) {
		t.Errorf("got %v", got)
	}
}

func TestStreamForeignProtocols(t *testing.T) {
	tests := []struct{ name, sent, speaks, text string }{
		{"http", "HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "HTTP", `the other end speaks HTTP, not OpenVPN: "HTTP/1.1 400 Bad Request"`},
		{"tls alert", "\x15\x03\x03\x00\x02\x02\x28", "TLS", "the other end speaks TLS, not OpenVPN"},
		{"tls old alert", "\x15\x03\x01\x00\x02\x02\x46", "TLS", "TLS"},
		{"tls hello", "\x16\x03\x01\x02\x00\x01", "TLS", "TLS"},
		{"ssh", "SSH-2.0-OpenSSH_9.2p1\r\n", "SSH", `"SSH-2.0-OpenSSH_9.2p1"`},
		{"smtp", "220 mail.example ESMTP\r\n", "SMTP or FTP", "220 mail.example"},
		{"html", "<!DOCTYPE html><html>", "HTML", "HTML"},
		{"browser", "GET / HTTP/1.1\r\n\r\n", "HTTP", "GET /"},
		{"text", "welcome to nothing\n", "", `"welcome to nothing"`},
		{"zeros", "\x00\x00\x00\x00", "", "impossible packet length"},
	}
	for _, test := range tests {
		for _, dribble := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				client, server := net.Pipe()
				go func() {
					chunk := len(test.sent)
					if dribble {
						chunk = 1
					}
					for piece := range slices.Chunk([]byte(test.sent), chunk) {
						client.Write(piece)
					}
					client.Close()
				}()
				_, err := NewStreamConn(server).ReadPackets()
				var protocol *ProtocolError
				if !errors.As(err, &protocol) || protocol.Speaks != test.speaks || Classify(err) != NotOpenVPN {
					t.Fatalf("error %v (%+v), want %q", err, protocol, test.speaks)
				}
				if !dribble && !strings.Contains(err.Error(), test.text) {
					t.Errorf("text %q lacks %q", err, test.text)
				}
			})
		}
	}
}

func TestStreamEnds(t *testing.T) {
	t.Run("in the middle of a packet", func(t *testing.T) {
		client, server := tcpPair(t, "127.0.0.1:0")
		client.Write([]byte{0, 3, 0x38, 1, 1, 0, 9, 0x38})
		client.Close()
		conn := NewStreamConn(server)
		readCount(t, conn, 1)
		if _, err := conn.ReadPackets(); !errors.Is(err, io.ErrUnexpectedEOF) || Classify(err) != Closed {
			t.Errorf("error %v", err)
		}
	})
	t.Run("reset", func(t *testing.T) {
		client, server := tcpPair(t, "127.0.0.1:0")
		conn := NewStreamConn(server)
		client.(*net.TCPConn).SetLinger(0)
		client.Close()
		if _, err := conn.ReadPackets(); Classify(err) != Reset || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("closed here", func(t *testing.T) {
		_, server := tcpPair(t, "127.0.0.1:0")
		conn := NewStreamConn(server)
		failed := make(chan error)
		go func() {
			_, err := conn.ReadPackets()
			failed <- err
		}()
		conn.Close()
		select {
		case err := <-failed:
			if !errors.Is(err, net.ErrClosed) || Classify(err) != Cancelled {
				t.Errorf("error %v", err)
			}
		case <-time.After(patience):
			t.Error("the read did not return")
		}
	})
	t.Run("closed here while a write waits for a stalled peer", func(t *testing.T) {
		client, _ := tcpPair(t, "127.0.0.1:0")
		conn := NewStreamConn(client)
		failed := make(chan error)
		started := make(chan struct{})
		go func() {
			big := batchOf(true, somePackets(400, 5)...)
			close(started)
			for {
				if err := conn.WritePackets(big); err != nil {
					failed <- err
					return
				}
			}
		}()
		<-started
		conn.Close()
		select {
		case err := <-failed:
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("error %v", err)
			}
		case <-time.After(patience):
			t.Error("the write did not return")
		}
	})
}

func TestWrongFraming(t *testing.T) {
	client, _ := tcpPair(t, "127.0.0.1:0")
	if err := NewStreamConn(client).WritePackets(batchOf(false, []byte{1})); !errors.Is(err, errFraming) {
		t.Errorf("datagrams on a stream: %v", err)
	}
	peer := listenPackets(t, "127.0.0.1:0")
	conn := dialUDP(t, peer)
	if err := conn.WritePackets(batchOf(true, []byte{1})); !errors.Is(err, errFraming) {
		t.Errorf("frames in datagrams: %v", err)
	}
	if err := peer.WriteTo(batchOf(true, []byte{1}), conn.Local()); !errors.Is(err, errFraming) {
		t.Errorf("frames in datagrams: %v", err)
	}
}

func TestStreamAllocatesNothing(t *testing.T) {
	client, server := tcpPair(t, "127.0.0.1:0")
	a, b := NewStreamConn(client), NewStreamConn(server)
	batch := batchOf(true, somePackets(40, 9)...)
	allocations := testing.AllocsPerRun(200, func() {
		if err := a.WritePackets(batch); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < batch.Len(); {
			packets, err := b.ReadPackets()
			if err != nil {
				t.Fatal(err)
			}
			got += len(packets)
		}
	})
	if allocations > 0 {
		t.Errorf("%v allocations for %d packets there and back", allocations, batch.Len())
	}
}

// FuzzStream cuts any stream, in pieces of any size, as cutting it whole does.
func FuzzStream(f *testing.F) {
	f.Add(batchOf(true, []byte{0x38, 1}, []byte{0x40}).Buffer, uint8(1))
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), uint8(3))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x28"), uint8(2))
	f.Add([]byte{0, 2, 0x38, 1, 0, 0}, uint8(7))
	f.Add([]byte{0xff, 0xff}, uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		if len(stream) > 4*DefaultMaxPacket {
			return
		}
		want, rest, wantErr := packet.Split(nil, stream, DefaultMaxPacket)
		conn := newStreamConn(&pieces{data: bytes.Clone(stream), size: int(piece) + 1}, 0, nil)
		var got [][]byte
		var err error
		for err == nil {
			var packets [][]byte
			packets, err = conn.ReadPackets()
			for _, p := range packets {
				got = append(got, bytes.Clone(p))
			}
		}
		var protocol *ProtocolError
		if errors.As(err, &protocol) && protocol.Speaks != "" {
			return // recognised before it was cut
		}
		if !equalPackets(got, want) {
			t.Fatalf("got %d packets, want %d", len(got), len(want))
		}
		if (wantErr != nil) != errors.As(err, &protocol) {
			t.Fatalf("error %v, want %v", err, wantErr)
		}
		if wantErr == nil && (len(rest) == 0) != (err == io.EOF) {
			t.Fatalf("error %v with %d bytes left", err, len(rest))
		}
	})
}

// pieces is a stream that arrives in pieces of one size.
type pieces struct {
	net.Conn
	data []byte
	size int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(p.size, len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

func (p *pieces) Close() error         { return nil }
func (p *pieces) LocalAddr() net.Addr  { return &net.TCPAddr{} }
func (p *pieces) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func TestDialTCPOverLoopback(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			NewStreamConn(conn).WritePackets(batchOf(true, []byte{0x40, 1, 2}))
		}
	}()
	address := addrPort(listener.Addr())
	conn, err := Dial(t.Context(), Options{Protocol: profiles.TCP, Host: "::1", Port: address.Port()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := readCount(t, conn, 1); !equalPackets(got, [][]byte{{0x40, 1, 2}}) || conn.Remote() != address {
		t.Errorf("got %v from %v", got, conn.Remote())
	}
}
