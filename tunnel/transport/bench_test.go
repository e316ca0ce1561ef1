package transport

import (
	"context"
	"sync"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// payload is a data packet of a 1400-byte inner one: opcode and peer id, packet id, tag.
const payload = 4 + 4 + 16 + 1400

// mixed is what a device hands over in one read: full packets and some acknowledgements.
func mixed(stream bool) *packet.Batch {
	b := &packet.Batch{Stream: stream}
	full, small := make([]byte, payload), make([]byte, 76)
	full[0], small[0] = 0x48, 0x48
	for i := range 46 {
		b.Append(full)
		if i%16 == 15 {
			b.Append(small)
		}
	}
	return b
}

// benchmarkPair sends batches one way until the receiver counted all packets. The sender never has more under way than the receiver's
// buffers hold, so that datagrams are not lost.
func benchmarkPair(b *testing.B, send func(*packet.Batch) error, receive func() (int, error), batch *packet.Batch) {
	b.Helper()
	b.SetBytes(int64(len(batch.Buffer)))
	b.ReportAllocs()
	window := make(chan struct{}, 16)
	var receiving sync.WaitGroup
	receiving.Go(func() {
		for count, done := 0, 0; done < b.N; {
			n, err := receive()
			if err != nil {
				b.Error(err)
				return
			}
			for count += n; count >= batch.Len() && done < b.N; count -= batch.Len() {
				<-window
				done++
			}
		}
	})
	b.ResetTimer()
	before := processorTime()
	for range b.N {
		window <- struct{}{}
		if err := send(batch); err != nil {
			b.Fatal(err)
		}
	}
	receiving.Wait()
	b.ReportMetric((processorTime()-before).Seconds()/(float64(b.N)*float64(len(batch.Buffer))/1e9), "cpu-s/GB") // of both ends
}

func receiver(c Conn) func() (int, error) {
	return func() (int, error) {
		packets, err := c.ReadPackets()
		return len(packets), err
	}
}

func BenchmarkTCP(b *testing.B) {
	client, server := tcpPair(b, "127.0.0.1:0")
	benchmarkPair(b, NewStreamConn(client).WritePackets, receiver(NewStreamConn(server)), mixed(true))
}

func BenchmarkUDP(b *testing.B) {
	for _, test := range []struct {
		name    string
		batch   func() *packet.Batch
		segment bool
	}{{"mixed", func() *packet.Batch { return mixed(false) }, true}, {"full", func() *packet.Batch {
		p := make([]byte, payload)
		return batchOf(false, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p, p)
	}, true}, {"without offloads", func() *packet.Batch { return mixed(false) }, false}} {
		b.Run(test.name, func(b *testing.B) {
			gateway := listenPackets(b, "127.0.0.1:0")
			conn := dialUDP(b, gateway)
			if !test.segment {
				withoutOffloads(conn)
			}
			benchmarkPair(b, conn.WritePackets, func() (int, error) {
				datagrams, err := gateway.ReadPackets()
				return len(datagrams), err
			}, test.batch())
		})
	}
}

// BenchmarkUDPBack is the other way: a gateway's socket for all peers sends to one client.
func BenchmarkUDPBack(b *testing.B) {
	gateway := listenPackets(b, "[::]:0")
	conn := dialUDP(b, gateway)
	to := conn.Local()
	benchmarkPair(b, func(batch *packet.Batch) error { return gateway.WriteTo(batch, to) }, receiver(conn), mixed(false))
}

func BenchmarkDialTCP(b *testing.B) {
	gateway := startGateway(b)
	for range b.N {
		conn, err := Dial(context.Background(), Options{Host: gateway.Addr().String(), Port: gateway.Port()})
		if err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}
