package host_test

import (
	"encoding/binary"
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"testing"

	"github.com/miekg/dns"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
)

// answerNames is a name server at the far end of a tunnel: it reads IPv4 packets from the device, and answers questions to
// port 53 of any address. It ends with the device.
func answerNames(d device.Device, answer func(*dns.Msg) *dns.Msg) {
	const offset, size = 16, 65536
	buffers := make([][]byte, d.BatchSize())
	sizes := make([]int, len(buffers))
	for i := range buffers {
		buffers[i] = make([]byte, offset+size)
	}
	for {
		n, err := d.Read(buffers, sizes, offset)
		if err != nil {
			return
		}
		for i := range n {
			if reply := answerPacket(buffers[i][offset:offset+sizes[i]], answer); reply != nil {
				_, _ = d.Write([][]byte{append(make([]byte, offset, offset+len(reply)), reply...)}, offset)
			}
		}
	}
}

func answerPacket(packet []byte, answer func(*dns.Msg) *dns.Msg) []byte {
	const ip, udp, protocolUDP = 20, 8, 17
	if len(packet) < ip+udp || packet[0] != 0x45 || packet[9] != protocolUDP || binary.BigEndian.Uint16(packet[ip+2:]) != 53 {
		return nil
	}
	var query dns.Msg
	if query.Unpack(packet[ip+udp:]) != nil || len(query.Question) != 1 {
		return nil
	}
	payload, err := answer(&query).Pack()
	if err != nil {
		return nil
	}
	reply := make([]byte, ip+udp, ip+udp+len(payload))
	reply[0], reply[8], reply[9] = 0x45, 64, protocolUDP
	binary.BigEndian.PutUint16(reply[2:], uint16(ip+udp+len(payload)))
	copy(reply[12:16], packet[16:20])
	copy(reply[16:20], packet[12:16])
	binary.BigEndian.PutUint16(reply[10:], ^sum(reply[:ip], 0))
	copy(reply[ip:], packet[ip+2:ip+4])
	copy(reply[ip+2:], packet[ip:ip+2])
	binary.BigEndian.PutUint16(reply[ip+4:], uint16(udp+len(payload)))
	reply = append(reply, payload...)
	checksum := ^sum(reply[12:], uint32(protocolUDP+udp+len(payload)))
	binary.BigEndian.PutUint16(reply[ip+6:], checksum)
	return reply
}

// sum is the ones' complement sum of RFC 1071.
func sum(data []byte, total uint32) uint16 {
	for ; len(data) > 1; data = data[2:] {
		total += uint32(binary.BigEndian.Uint16(data))
	}
	if len(data) == 1 {
		total += uint32(data[0]) << 8
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}

// serveNames plugs the computer into a network in which there is a name server, in a namespace of its own. The computer's
// end is eth0, which is down and has no address.
func serveNames(t *testing.T, address string, answer func(*dns.Msg) *dns.Msg) {
	t.Helper()
	sh(t, "ip link add eth0 type veth peer name uplink")
	uplink, err := netlink.LinkByName("uplink")
	must(t, err)
	namespaces := make(chan netns.NsHandle)
	moved := make(chan struct{})
	sockets := make(chan net.PacketConn)
	failures := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the thread, which is in the namespace, ends with the goroutine
		namespace, err := netns.New()
		if err != nil {
			failures <- err
			return
		}
		namespaces <- namespace
		<-moved
		socket, err := listenThere(address)
		if err != nil {
			failures <- err
			return
		}
		sockets <- socket
	}()
	select {
	case namespace := <-namespaces:
		must(t, netlink.LinkSetNsFd(uplink, int(namespace)))
		close(moved)
	case err := <-failures:
		t.Fatal(err)
	}
	var socket net.PacketConn
	select {
	case socket = <-sockets:
	case err := <-failures:
		t.Fatal(err)
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, query *dns.Msg) {
		_ = w.WriteMsg(answer(query))
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ActivateAndServe()
	}()
	t.Cleanup(func() {
		_ = socket.Close()
		<-done
	})
}

// listenThere opens the server's socket in the calling thread's namespace.
func listenThere(address string) (net.PacketConn, error) {
	script := "ip link set lo up; ip link set uplink up; ip addr add " + address + "/24 dev uplink"
	if output, err := exec.Command("sh", "-ec", script).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	return net.ListenPacket("udp", net.JoinHostPort(address, "53"))
}
