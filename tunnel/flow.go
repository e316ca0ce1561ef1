package tunnel

import (
	"log/slog"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/pump"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// controlQueue is how many control packets may wait for the session. What does not fit is dropped: the gateway sends it again.
const controlQueue = 256

// receiver runs a pump from a connection in a goroutine.
type receiver struct {
	*pump.Receiver
	conn    transport.Conn
	control chan []byte
	ended   chan error // gets why the connection ended, once
	done    chan struct{}
}

func startReceiver(conn transport.Conn, data *datachannel.Channel, logger *slog.Logger) *receiver {
	r := &receiver{conn: conn, control: make(chan []byte, controlQueue), ended: make(chan error, 1), done: make(chan struct{})}
	r.Receiver = pump.NewReceiver(conn, data, r.take, logger)
	go func() {
		defer close(r.done)
		r.ended <- r.Run()
	}()
	return r
}

// take queues a control packet without holding up the data channel.
func (r *receiver) take(packet []byte) {
	select {
	case r.control <- packet:
	default:
	}
}

// stop ends the connection and waits until nothing is read from it any more.
func (r *receiver) stop() {
	r.conn.Close()
	<-r.done
}

// attach lets packets flow between the device and the session.
func (s *session) attach() {
	t := s.tunnel
	device := t.computer.Device()
	limit := mssLimit(t.options.Profile, s.conn, s.client.Data().Overhead())
	s.receiver.SetDevice(device, limit)
	if t.sender == nil {
		t.sender = pump.NewSender(device, t.logger)
		go func(sender *pump.Sender) {
			if err := sender.Run(); err != nil {
				t.logger.Error("device not readable", "error", err)
			}
		}(t.sender)
	}
	t.sender.SetLink(&pump.Link{Conn: s.conn, Data: s.client.Data(), MSS: limit, Gateway: s.conn.Remote(),
		BlockIPv6: s.result.Options.BlockIPv6})
}

// detach keeps packets from a session that is over.
func (t *Tunnel) detach() {
	if t.sender != nil {
		t.sender.SetLink(nil)
	}
}

// mssLimit reads mssfix: what its number counts depends on its mode (OpenVPN man page, "--mssfix").
func mssLimit(profile *profiles.Profile, conn transport.Conn, overhead int) mssfix.Limit {
	budget, mode := mssfix.DefaultMTU, "mtu"
	if profile.OpenVPN.MSSFix != nil {
		budget, mode = *profile.OpenVPN.MSSFix, profile.OpenVPN.MSSFixMode
	}
	outerIPv6 := conn.Remote().Addr().Unmap().Is6()
	switch {
	case budget == 0:
		return mssfix.Limit{}
	case mode == "fixed":
		return mssfix.Fixed(budget)
	case mode == "mtu":
		return mssfix.NewLimit(budget, outerIPv6, conn.Stream(), overhead)
	default:
		return mssfix.NewLimit(budget+mssfix.OuterHeaders(outerIPv6, conn.Stream()), outerIPv6, conn.Stream(), overhead)
	}
}
