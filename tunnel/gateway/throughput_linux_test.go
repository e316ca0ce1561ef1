package gateway_test

import (
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
)

// connectEngine connects the project's own client from the laptop and gives its device the pushed addresses.
func (l *lab) connectEngine(proto string, change func(*openvpn.Config)) *engine {
	l.t.Helper()
	var tunnel tun.Device
	var link netlink.Link
	var err error
	l.laptop.do(func() { tunnel, link, err = device.Create("tun0", 1500) })
	if err != nil {
		l.t.Fatal(err)
	}
	config := openvpn.Config{Stream: proto == "tcp", TLS: l.ca.ClientTLS("ann.example")}
	if change != nil {
		change(&config)
	}
	address := l.udp
	if config.Stream {
		address = l.tcp
	}
	e := dial(l.t, address, config, tunnel, l.laptop.do)
	options := e.established().Options
	l.laptop.do(func() {
		for _, prefix := range []netip.Prefix{options.Ifconfig.Prefix, options.IfconfigIPv6.Prefix} {
			parsed, _ := netlink.ParseAddr(prefix.String())
			parsed.Flags = syscall.IFA_F_NODAD
			if err := netlink.AddrAdd(link, parsed); err != nil {
				l.t.Error(err)
			}
		}
		if err := netlink.LinkSetUp(link); err != nil {
			l.t.Error(err)
		}
	})
	return e
}

// pipe is a TCP connection through the tunnel: its end in the laptop, and the one behind the gateway.
func (l *lab) pipe() (laptop, gateway net.Conn) {
	l.t.Helper()
	var listener net.Listener
	var err error
	l.gateway.do(func() { listener, err = net.Listen("tcp", net.JoinHostPort(tunnelGateway4, "0")) })
	if err != nil {
		l.t.Fatal(err)
	}
	defer listener.Close()
	l.laptop.do(func() { laptop, err = net.DialTimeout("tcp", listener.Addr().String(), patience) })
	if err != nil {
		l.t.Fatal(err)
	}
	if gateway, err = listener.Accept(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { laptop.Close(); gateway.Close() })
	return laptop, gateway
}

// BenchmarkTunnel is the goodput of one TCP connection through tunnel and gateway, both in this process, which therefore
// encrypts and decrypts everything.
func BenchmarkTunnel(b *testing.B) {
	for _, proto := range []string{"tcp", "udp"} {
		for _, up := range []bool{true, false} {
			direction := "down"
			if up {
				direction = "up"
			}
			b.Run(proto+" "+direction, func(b *testing.B) {
				l := newLab(b, nil)
				l.connectEngine(proto, nil)
				from, to := l.pipe()
				if !up {
					from, to = to, from
				}
				go func() {
					piece := make([]byte, exchangePiece)
					for {
						if _, err := from.Write(piece); err != nil {
							return
						}
					}
				}()
				buffer := make([]byte, exchangePiece)
				if _, err := io.CopyN(io.Discard, to, 16<<20); err != nil { // the path's window opens
					b.Fatal(err)
				}
				var before, after syscall.Rusage
				syscall.Getrusage(syscall.RUSAGE_SELF, &before)
				start, total := time.Now(), 0
				b.SetBytes(exchangePiece)
				b.ReportAllocs()
				for b.Loop() {
					n, err := io.ReadFull(to, buffer)
					if err != nil {
						b.Fatal(err)
					}
					total += n
				}
				syscall.Getrusage(syscall.RUSAGE_SELF, &after)
				cpu := time.Duration(after.Utime.Nano() - before.Utime.Nano() + after.Stime.Nano() - before.Stime.Nano())
				b.ReportMetric(float64(total)*8/1e9/time.Since(start).Seconds(), "Gbit/s")
				b.ReportMetric(cpu.Seconds()/(float64(total)/1e9), "cpu-s/GB")
			})
		}
	}
}
