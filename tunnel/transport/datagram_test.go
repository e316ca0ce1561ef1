package transport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

func listenPackets(t testing.TB, address string) *PacketListener {
	t.Helper()
	listener, err := ListenPackets(context.Background(), address, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// dialUDP connects to a listener, over IPv4 where it takes both families.
func dialUDP(t testing.TB, listener *PacketListener) *datagramConn {
	t.Helper()
	address := listener.Local()
	if address.Addr().IsUnspecified() {
		address = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), address.Port())
	}
	conn, err := Dial(context.Background(), Options{Protocol: profiles.UDP, Host: address.Addr().String(), Port: address.Port()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*datagramConn)
}

// readDatagrams reads until so many have come, and returns copies and the last sender.
func readDatagrams(t testing.TB, l *PacketListener, count int) ([][]byte, netip.AddrPort) {
	t.Helper()
	l.socket.SetReadDeadline(time.Now().Add(patience))
	var all [][]byte
	var from netip.AddrPort
	for len(all) < count {
		datagrams, err := l.ReadPackets()
		if err != nil {
			t.Fatalf("after %d of %d datagrams: %v", len(all), count, err)
		}
		for _, d := range datagrams {
			all = append(all, bytes.Clone(d.Packet))
			from = d.From
		}
	}
	return all, from
}

// sized makes a packet of each size.
func sized(sizes ...int) [][]byte {
	var packets [][]byte
	for i, size := range sizes {
		packets = append(packets, bytes.Repeat([]byte{byte(i + 1)}, size))
	}
	return packets
}

func TestDatagramsBothWays(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
		t.Run(address, func(t *testing.T) {
			gateway := listenPackets(t, address)
			conn := dialUDP(t, gateway)
			conn.socket.SetReadDeadline(time.Now().Add(patience))
			if conn.Stream() || conn.Remote().Port() != gateway.Local().Port() {
				t.Errorf("remote %v, stream %v", conn.Remote(), conn.Stream())
			}
			for seed := range uint64(20) {
				sent := somePackets(97, seed)
				if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
					t.Fatal(err)
				}
				got, from := readDatagrams(t, gateway, len(sent))
				if !equalPackets(got, sent) || from != conn.Local() {
					t.Fatalf("to the gateway: packets changed, or came from %v instead of %v", from, conn.Local())
				}
				if err := gateway.WriteTo(batchOf(false, sent...), from); err != nil {
					t.Fatal(err)
				}
				if got := readCount(t, conn, len(sent)); !equalPackets(got, sent) {
					t.Fatal("from the gateway: packets changed")
				}
			}
		})
	}
}

// The listener tells peers apart, also those whose datagrams arrive in one call.
func TestListenerTellsPeersApart(t *testing.T) {
	gateway := listenPackets(t, "[::]:0")
	v6 := netip.AddrPortFrom(netip.IPv6Loopback(), gateway.Local().Port())
	peers := map[netip.AddrPort]byte{}
	var conns []Conn
	for i := range 6 {
		conn := Conn(dialUDP(t, gateway))
		if i%2 == 1 {
			var err error
			if conn, err = Dial(t.Context(), Options{Protocol: profiles.UDP, Host: v6.Addr().String(), Port: v6.Port()}); err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
		}
		peers[conn.Local()] = byte(i)
		conns = append(conns, conn)
		p := bytes.Repeat([]byte{byte(i)}, 500)
		if err := conn.WritePackets(batchOf(false, p, p, p)); err != nil {
			t.Fatal(err)
		}
	}
	gateway.socket.SetReadDeadline(time.Now().Add(patience))
	for count := 0; count < 3*len(conns); {
		datagrams, err := gateway.ReadPackets()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range datagrams {
			number, known := peers[d.From]
			if !known || !bytes.Equal(d.Packet, bytes.Repeat([]byte{number}, 500)) {
				t.Fatalf("%d bytes of %d from %v, who is %d (%v)", len(d.Packet), d.Packet[0], d.From, number, known)
			}
			count++
		}
	}
	for i, conn := range conns {
		if err := gateway.WriteTo(batchOf(false, []byte{byte(i), 1}), conn.Local()); err != nil {
			t.Fatal(err)
		}
		if got := readCount(t, conn, 1); !equalPackets(got, [][]byte{{byte(i), 1}}) {
			t.Errorf("peer %d got %v", i, got)
		}
	}
}

func TestEmptyDatagramsAreNothing(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	conn := dialUDP(t, gateway)
	if err := conn.WritePackets(batchOf(false)); err != nil {
		t.Error(err)
	}
	if _, err := conn.socket.Write(nil); err != nil {
		t.Fatal(err)
	}
	if err := conn.WritePackets(batchOf(false, nil, []byte{1}, nil, []byte{2}, nil)); err != nil {
		t.Fatal(err)
	}
	if got, _ := readDatagrams(t, gateway, 2); !equalPackets(got, [][]byte{{1}, {2}}) {
		t.Errorf("got %v", got)
	}
}

// A port where nothing listens is told by ICMP. That is an error to weigh, and the socket works on.
func TestRefusedDatagramIsTransient(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	address := gateway.Local()
	conn := dialUDP(t, gateway)
	gateway.Close()
	if err := conn.WritePackets(batchOf(false, []byte{1})); err != nil {
		t.Fatal(err)
	}
	_, err := conn.ReadPackets()
	if !Transient(err) || Classify(err) != Refused || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("error %v", err)
	}
	again := listenPackets(t, address.String())
	sent := [][]byte{{2}, {3}, {4, 4}}
	if err := conn.WritePackets(batchOf(false, sent...)); err != nil {
		t.Fatal(err)
	}
	if got, _ := readDatagrams(t, again, len(sent)); !equalPackets(got, sent) {
		t.Errorf("got %v", got)
	}
}

// The error that an earlier datagram met must not cost the packets of a later batch.
func TestICMPDoesNotEatPackets(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	address := gateway.Local()
	conn := dialUDP(t, gateway)
	gateway.Close()
	if err := conn.WritePackets(batchOf(false, []byte{1})); err != nil {
		t.Fatal(err)
	}
	// On loopback the ICMP message is there when the send returns; the next send meets its error.
	again := listenPackets(t, address.String())
	sent := somePackets(30, 2)
	if err := conn.WritePackets(batchOf(false, sent...)); !Transient(err) || Classify(err) != Refused {
		t.Errorf("error %v", err)
	}
	if got, _ := readDatagrams(t, again, len(sent)); !equalPackets(got, sent) {
		t.Error("packets were lost")
	}
}

func TestDatagramTooLargeIsTransient(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	conn := dialUDP(t, gateway)
	huge := make([]byte, 65520)
	if err := conn.WritePackets(batchOf(false, []byte{1}, huge, []byte{2})); !Transient(err) || !errors.Is(err, syscall.EMSGSIZE) {
		t.Errorf("error %v", err)
	}
	if got, _ := readDatagrams(t, gateway, 2); !equalPackets(got, [][]byte{{1}, {2}}) {
		t.Errorf("got %v", got)
	}
}

func TestDatagramClose(t *testing.T) {
	gateway := listenPackets(t, "127.0.0.1:0")
	conn := dialUDP(t, gateway)
	failed := make(chan error, 2)
	go func() {
		_, err := conn.ReadPackets()
		failed <- err
	}()
	go func() {
		_, err := gateway.ReadPackets()
		failed <- err
	}()
	conn.Close()
	gateway.Close()
	for range 2 {
		select {
		case err := <-failed:
			if !errors.Is(err, net.ErrClosed) || Transient(err) {
				t.Errorf("error %v", err)
			}
		case <-time.After(patience):
			t.Fatal("a read did not return")
		}
	}
	if err := conn.WritePackets(batchOf(false, []byte{1})); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestDatagramsAllocateNothing(t *testing.T) {
	gateway := listenPackets(t, "[::]:0")
	conn := dialUDP(t, gateway)
	batch := batchOf(false, somePackets(40, 9)...)
	to := conn.Local()
	allocations := testing.AllocsPerRun(200, func() {
		if err := conn.WritePackets(batch); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < batch.Len(); {
			datagrams, err := gateway.ReadPackets()
			if err != nil {
				t.Fatal(err)
			}
			got += len(datagrams)
		}
		if err := gateway.WriteTo(batch, to); err != nil {
			t.Fatal(err)
		}
		for got := 0; got < batch.Len(); {
			packets, err := conn.ReadPackets()
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
