package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/relay"
)

// newStreams makes a relay to a gateway that echoes, and returns the address to dial.
func newStreams(t *testing.T, up, down relay.Shape) (*relay.Stream, string) {
	t.Helper()
	listen := func() net.Listener {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return listener
	}
	gateway, front := listen(), listen()
	go func() {
		for {
			connection, err := gateway.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(connection, connection)
				connection.Close()
			}()
		}
	}()
	s := relay.NewStream(relay.StreamOptions{Front: front, Up: up, Down: down,
		Dial: func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "tcp", gateway.Addr().String())
		}})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		gateway.Close()
	})
	return s, front.Addr().String()
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(15 * time.Second))
	return connection
}

// echo sends data and reads it back.
func echo(t *testing.T, connection net.Conn, data []byte) {
	t.Helper()
	go connection.Write(data)
	got := make([]byte, len(data))
	if _, err := io.ReadFull(connection, got); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("echo of %d bytes: %v", len(data), err)
	}
}

// silent reports whether nothing comes for a moment, not even an end.
func silent(t *testing.T, connection net.Conn) bool {
	t.Helper()
	connection.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	defer connection.SetReadDeadline(time.Now().Add(15 * time.Second))
	_, err := connection.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func TestStreamCarriesAndEnds(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	connection := dial(t, address)
	echo(t, connection, bytes.Repeat([]byte("0123456789"), 200_000))
	if present, ever := s.Connections(); present != 1 || ever != 1 {
		t.Errorf("%d connections of %d", present, ever)
	}
	connection.(*net.TCPConn).CloseWrite()
	if _, err := connection.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("end: %v", err)
	}
}

func TestStallAndResume(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	connection := dial(t, address)
	echo(t, connection, []byte("before"))
	s.Stall()
	if _, err := connection.Write([]byte("held")); err != nil {
		t.Fatal(err)
	}
	if !silent(t, connection) {
		t.Error("bytes came during a stall")
	}
	s.Resume()
	got := make([]byte, 4)
	if _, err := io.ReadFull(connection, got); err != nil || string(got) != "held" {
		t.Errorf("after the stall: %q, %v", got, err)
	}
}

func TestResetAfterBytes(t *testing.T) {
	_, address := newStreams(t, relay.Shape{}, relay.Shape{ResetAfter: 1000})
	connection := dial(t, address)
	echo(t, connection, make([]byte, 999))
	connection.Write([]byte("more"))
	_, err := io.Copy(io.Discard, connection)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("ended with %v", err)
	}
}

func TestResetAll(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	connection := dial(t, address)
	echo(t, connection, []byte("hello"))
	s.ResetAll()
	if _, err := connection.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("ended with %v", err)
	}
	echo(t, dial(t, address), []byte("a new one works"))
}

func TestCloseAll(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	connection := dial(t, address)
	echo(t, connection, []byte("hello"))
	s.CloseAll()
	if _, err := connection.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("ended with %v", err)
	}
}

func TestSilence(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	connection := dial(t, address)
	echo(t, connection, []byte("hello"))
	s.GoSilent()
	for range 3 {
		if _, err := connection.Write([]byte("anybody there?")); err != nil {
			t.Fatal(err)
		}
	}
	if !silent(t, connection) {
		t.Error("an answer came out of the silence")
	}
	late := dial(t, address)
	late.Write([]byte("hello?"))
	late.(*net.TCPConn).CloseWrite()
	if !silent(t, late) {
		t.Error("a new connection is answered")
	}
}

func TestRefuse(t *testing.T) {
	s, address := newStreams(t, relay.Shape{}, relay.Shape{})
	s.Refuse(true)
	connection, err := net.Dial("tcp", address) // the reset may come before the connection is known here
	if err == nil {
		_, err = connection.Read(make([]byte, 1))
		connection.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("ended with %v", err)
	}
	s.Refuse(false)
	echo(t, dial(t, address), []byte("again"))
}

func TestDelayAndThrottle(t *testing.T) {
	_, address := newStreams(t, relay.Shape{Delay: 40 * time.Millisecond}, relay.Shape{Delay: 40 * time.Millisecond})
	connection := dial(t, address)
	start := time.Now()
	echo(t, connection, []byte("there and back"))
	if passed := time.Since(start); passed < 80*time.Millisecond {
		t.Errorf("delayed by %v only", passed)
	}
	_, address = newStreams(t, relay.Shape{BytesPerSecond: 1 << 20}, relay.Shape{})
	connection = dial(t, address)
	start = time.Now()
	echo(t, connection, make([]byte, 256<<10))
	if passed := time.Since(start); passed < 150*time.Millisecond {
		t.Errorf("256 KiB at 1 MiB/s took %v only", passed)
	}
}
