package relay_test

import (
	"context"
	"encoding/binary"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/relay"
)

// datagrams is a relay between a client and a gateway, which counts what arrives.
type datagrams struct {
	relay   *relay.Datagram
	client  net.Conn
	gateway net.PacketConn
}

func newDatagrams(t *testing.T, up, down relay.Impairment, seed uint64) *datagrams {
	t.Helper()
	listen := func() net.PacketConn {
		socket, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return socket
	}
	gateway, front := listen(), listen()
	client, err := net.Dial("udp", front.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	d := &datagrams{client: client, gateway: gateway, relay: relay.NewDatagram(relay.DatagramOptions{
		Front: front, Up: up, Down: down, Seed: seed,
		Dial: func(context.Context) (net.Conn, error) { return net.Dial("udp", gateway.LocalAddr().String()) },
	})}
	t.Cleanup(func() {
		if err := d.relay.Close(); err != nil {
			t.Error(err)
		}
		client.Close()
		gateway.Close()
	})
	return d
}

// send sends numbered datagrams and returns the numbers that arrive. So that socket buffers do not overflow, it waits for the relay after
// each and reads all the time.
func (d *datagrams) send(t *testing.T, count int) []uint32 {
	t.Helper()
	before, _ := d.relay.Counters()
	arrived := make(chan uint32, 2*count)
	d.gateway.SetReadDeadline(time.Now().Add(15 * time.Second))
	go func() {
		for buffer := make([]byte, 100); ; {
			if size, _, err := d.gateway.ReadFrom(buffer); err != nil || size != 4 {
				close(arrived)
				return
			}
			arrived <- binary.BigEndian.Uint32(buffer)
		}
	}()
	for i := range count {
		if _, err := d.client.Write(binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Microsecond) {
			if up, _ := d.relay.Counters(); up.Arrived-before.Arrived > uint64(i) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("datagram %d did not reach the relay", i)
			}
		}
	}
	up, _ := d.relay.Counters()
	expected := int(up.Arrived - up.Lost + up.Duplicated)
	var numbers []uint32
	for len(numbers) < expected {
		number, open := <-arrived
		if !open {
			t.Fatalf("%d of %d datagrams arrived", len(numbers), expected)
		}
		numbers = append(numbers, number)
	}
	d.gateway.SetReadDeadline(time.Unix(1, 0)) // ends the reading goroutine
	for range arrived {
	}
	return numbers
}

func (d *datagrams) receive(t *testing.T) uint32 {
	t.Helper()
	d.gateway.SetReadDeadline(time.Now().Add(10 * time.Second))
	buffer := make([]byte, 100)
	size, _, err := d.gateway.ReadFrom(buffer)
	if err != nil || size != 4 {
		t.Fatalf("received %d bytes, %v", size, err)
	}
	return binary.BigEndian.Uint32(buffer)
}

func TestCleanDatagrams(t *testing.T) {
	d := newDatagrams(t, relay.Impairment{}, relay.Impairment{}, 1)
	for i, number := range d.send(t, 300) {
		if int(number) != i {
			t.Fatalf("datagram %d came as number %d", number, i)
		}
	}
}

func TestAnswersFindTheirClient(t *testing.T) {
	d := newDatagrams(t, relay.Impairment{}, relay.Impairment{Delay: time.Millisecond}, 1)
	front := d.client.RemoteAddr().String()
	go func() {
		buffer := make([]byte, 100)
		for {
			size, from, err := d.gateway.ReadFrom(buffer)
			if err != nil {
				return
			}
			d.gateway.WriteTo(buffer[:size], from)
		}
	}()
	for _, text := range []string{"first", "second"} {
		client, err := net.Dial("udp", front)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.Write([]byte(text))
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		buffer := make([]byte, 100)
		size, err := client.Read(buffer)
		if err != nil || string(buffer[:size]) != text {
			t.Fatalf("answer %q, %v", buffer[:size], err)
		}
	}
}

func TestLossIsRepeatable(t *testing.T) {
	const count = 1000
	run := func(seed uint64) []uint32 {
		return newDatagrams(t, relay.Impairment{Loss: 0.1, Duplicate: 0.05}, relay.Impairment{}, seed).send(t, count)
	}
	first, second, other := run(7), run(7), run(8)
	if !slices.Equal(first, second) {
		t.Error("the same seed lost other datagrams")
	}
	if slices.Equal(first, other) {
		t.Error("another seed lost the same datagrams")
	}
	unique := len(slices.Compact(slices.Clone(first)))
	if unique < count*85/100 || unique > count*95/100 {
		t.Errorf("%d of %d arrived at 10 %% loss", unique, count)
	}
	if duplicates := len(first) - unique; duplicates < count*2/100 || duplicates > count*8/100 {
		t.Errorf("%d duplicates of %d at 5 %%", duplicates, count)
	}
}

func TestReordering(t *testing.T) {
	const count = 500
	d := newDatagrams(t, relay.Impairment{Reorder: 0.2}, relay.Impairment{}, 3)
	numbers := d.send(t, count)
	late := 0
	for i := 1; i < len(numbers); i++ {
		if numbers[i] < numbers[i-1] {
			late++
		}
	}
	if late < count/10 || late > count*3/10 {
		t.Errorf("%d of %d were overtaken at 20 %%", late, count)
	}
	slices.Sort(numbers)
	if len(slices.Compact(numbers)) != count {
		t.Errorf("only %d of %d arrived", len(numbers), count)
	}
}

func TestDelay(t *testing.T) {
	const delay = 50 * time.Millisecond
	d := newDatagrams(t, relay.Impairment{Delay: delay}, relay.Impairment{}, 3)
	start := time.Now()
	d.send(t, 10)
	if passed := time.Since(start); passed < delay {
		t.Errorf("arrived after %v", passed)
	}
}

func TestLoneDatagramIsNotHeldForEver(t *testing.T) {
	d := newDatagrams(t, relay.Impairment{Reorder: 1}, relay.Impairment{}, 3)
	d.client.Write([]byte{0, 0, 0, 9})
	if number := d.receive(t); number != 9 {
		t.Errorf("number %d", number)
	}
}

func TestRebindChangesThePort(t *testing.T) {
	d := newDatagrams(t, relay.Impairment{}, relay.Impairment{}, 3)
	port := func() string {
		t.Helper()
		d.client.Write([]byte("x"))
		d.gateway.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, from, err := d.gateway.ReadFrom(make([]byte, 10))
		if err != nil {
			t.Fatal(err)
		}
		return from.String()
	}
	before, again := port(), port()
	d.relay.Rebind()
	after := port()
	if before != again || before == after {
		t.Errorf("from %s, again %s, after rebind %s", before, again, after)
	}
}

func TestImpairFromNowOn(t *testing.T) {
	d := newDatagrams(t, relay.Impairment{}, relay.Impairment{}, 3)
	if got := d.send(t, 10); len(got) != 10 {
		t.Fatalf("%d of 10", len(got))
	}
	d.relay.Impair(relay.Impairment{Loss: 1}, relay.Impairment{})
	d.client.Write([]byte("lost"))
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if up, _ := d.relay.Counters(); up.Lost == 1 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("counters %+v", up)
		}
	}
}
