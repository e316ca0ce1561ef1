package pump

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// What tells this program to be one end of a data path instead of running tests, and how.
const (
	endVariable     = "FOOTBRIDGE_DATAPATH_END"     // "client" or "gateway"
	streamVariable  = "FOOTBRIDGE_DATAPATH_STREAM"  // "true" or "false"
	cipherVariable  = "FOOTBRIDGE_DATAPATH_CIPHER"  // AES-256-GCM …
	profileVariable = "FOOTBRIDGE_DATAPATH_PROFILE" // a folder for the client's CPU profile; empty: none
)

// Addresses of the data path's ends: outside, and of their devices.
var (
	outerAddress  = map[string]netip.Prefix{"client": netip.MustParsePrefix("203.0.113.2/24"), "gateway": netip.MustParsePrefix("203.0.113.1/24")}
	deviceAddress = map[string]netip.Prefix{"client": netip.MustParsePrefix("10.8.0.2/24"), "gateway": netip.MustParsePrefix("10.8.0.1/24")}
	deviceIPv6    = map[string]netip.Prefix{"client": netip.MustParsePrefix("fd00:8::2/64"), "gateway": netip.MustParsePrefix("fd00:8::1/64")}
)

const outerPort = 1194

func TestMain(m *testing.M) {
	if end := os.Getenv(endVariable); end != "" {
		if err := runEnd(end, os.Getenv(streamVariable) == "true", os.Getenv(cipherVariable)); err != nil {
			fmt.Fprintln(os.Stderr, end, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// runEnd is one end of a data path with keys that both know: a device, the pumps, a transport. It says "ready", and then what it has used of
// the processors for each line that it is sent, until there are no more.
func runEnd(end string, stream bool, cipher string) error {
	tunnel, err := makeDevice(end)
	if err != nil {
		return err
	}
	defer tunnel.Close()
	conn, err := connectEnd(end, stream)
	if err != nil {
		return err
	}
	defer conn.Close()
	data, err := fixedKeys(end, stream, cipher)
	if err != nil {
		return err
	}
	if end == "client" { // so that a gateway on datagrams learns where the client is
		hello := packet.Batch{Stream: stream}
		if err := data.SealInBand(time.Now(), &hello, datachannel.Ping()); err != nil {
			return err
		}
		if err := conn.WritePackets(&hello); err != nil {
			return err
		}
	}
	limit := mssfix.NewLimit(mssfix.DefaultMTU, false, stream, data.Overhead())
	sender, receiver := NewSender(tunnel, nil), NewReceiver(conn, data, func([]byte) {}, nil)
	sender.SetLink(&Link{Conn: conn, Data: data, MSS: limit, Gateway: conn.Remote()})
	receiver.SetDevice(tunnel, limit)
	go sender.Run()
	go receiver.Run()
	if folder := os.Getenv(profileVariable); folder != "" && end == "client" {
		file, err := os.CreateTemp(folder, "client-*.pprof")
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		var used unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
			return err
		}
		fmt.Println(used.Utime.Nano() + used.Stime.Nano())
	}
	return nil
}

func makeDevice(end string) (device.Device, error) {
	tunnel, link, err := device.Create("tun0", 1500)
	if err != nil {
		return nil, err
	}
	for _, prefix := range []netip.Prefix{deviceAddress[end], deviceIPv6[end]} {
		address := &netlink.Addr{IPNet: &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}}
		if prefix.Addr().Is6() {
			address.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(link, address); err != nil {
			return nil, err
		}
	}
	return tunnel, netlink.LinkSetUp(link)
}

// fixedKeys makes a data channel with keys that are the same each time, the other way round at the gateway.
func fixedKeys(end string, stream bool, cipher string) (*datachannel.Channel, error) {
	p := datachannel.Parameters{Cipher: cipher, Digest: "SHA256", PeerID: 3}
	for i := range p.Send {
		p.Send[i], p.Receive[i] = byte(i), byte(i*3+1)
	}
	if end == "gateway" {
		p.Send, p.Receive = p.Receive, p.Send
	}
	keys, err := datachannel.NewKeys(p)
	if err != nil {
		return nil, err
	}
	data := datachannel.New(stream)
	data.Install(keys)
	data.Use(0)
	return data, nil
}

// connectEnd connects the client, trying until the gateway is there, or waits for it.
func connectEnd(end string, stream bool) (transport.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	address := netip.AddrPortFrom(outerAddress["gateway"].Addr(), outerPort)
	switch {
	case end == "client":
		protocol := profiles.UDP
		if stream {
			protocol = profiles.TCP
		}
		return transport.Dial(ctx, transport.Options{Protocol: protocol, Host: address.Addr().String(), Port: outerPort})
	case stream:
		listener, err := net.Listen("tcp", address.String())
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		fmt.Println("listening")
		conn, err := listener.Accept()
		if err != nil {
			return nil, err
		}
		return transport.NewStreamConn(conn), nil
	default:
		listener, err := transport.ListenPackets(ctx, address.String(), nil)
		if err != nil {
			return nil, err
		}
		fmt.Println("listening")
		c := &onePeer{PacketListener: listener}
		return c, c.awaitPeer()
	}
}

// onePeer is the gateway's end of a session over datagrams with the only client there is.
type onePeer struct {
	*transport.PacketListener
	remote  netip.AddrPort
	packets [][]byte
}

func (c *onePeer) awaitPeer() error {
	datagrams, err := c.PacketListener.ReadPackets()
	if err == nil {
		c.remote = datagrams[0].From
	}
	return err
}

func (c *onePeer) ReadPackets() ([][]byte, error) {
	datagrams, err := c.PacketListener.ReadPackets()
	c.packets = c.packets[:0]
	for _, datagram := range datagrams {
		c.packets = append(c.packets, datagram.Packet)
	}
	return c.packets, err
}

func (c *onePeer) WritePackets(b *packet.Batch) error { return c.WriteTo(b, c.remote) }
func (c *onePeer) Stream() bool                       { return false }
func (c *onePeer) Remote() netip.AddrPort             { return c.remote }
