package gateway_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// sequence numbers echo requests.
var sequence atomic.Uint32

// ping sends echo requests from the laptop until three were answered. Now and then one is not: a new IPv6 address is not used
// at once, and datagrams get lost.
func (l *lab) ping(address string) {
	l.t.Helper()
	start := time.Now()
	for answered := 0; answered < 3; {
		err := l.pingFrom("", address, time.Second)
		if err == nil {
			answered++
			continue
		}
		if time.Since(start) > patience {
			l.t.Fatalf("ping %s: %v", address, err)
		}
	}
}

// pingFrom sends an echo request from one of the laptop's addresses, any if it is empty, and waits for the answer.
func (l *lab) pingFrom(from, address string, limit time.Duration) error {
	to := netip.MustParseAddr(address)
	network, request, reply := "ip4:icmp", icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply)
	if to.Is6() {
		network, request, reply = "ip6:ipv6-icmp", ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply
	}
	var conn *icmp.PacketConn
	var err error
	l.laptop.do(func() { conn, err = icmp.ListenPacket(network, from) })
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(limit))
	return echo(conn, to, request, reply)
}

func echo(conn *icmp.PacketConn, to netip.Addr, request, reply icmp.Type) error {
	id, seq, data := os.Getpid()&0xffff, int(sequence.Add(1)&0xffff), bytes.Repeat([]byte("ping"), 250)
	wire, err := (&icmp.Message{Type: request, Body: &icmp.Echo{ID: id, Seq: seq, Data: data}}).Marshal(nil)
	if err != nil {
		return err
	}
	if _, err := conn.WriteTo(wire, &net.IPAddr{IP: to.AsSlice()}); err != nil {
		return err
	}
	for buffer := make([]byte, 2000); ; {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		message, err := icmp.ParseMessage(reply.Protocol(), buffer[:n])
		if err != nil || message.Type != reply || from.String() != to.String() {
			continue
		}
		if body, ok := message.Body.(*icmp.Echo); ok && body.ID == id && body.Seq == seq && bytes.Equal(body.Data, data) {
			return nil
		}
	}
}
