package tunnel

import (
	"context"
	"net"
	"net/netip"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
)

// configure sets this computer up as the gateway's configuration and the profile say, beside the control channel, which
// must go on meanwhile: thousands of routes take a while.
func (s *session) configure(ctx context.Context, result *openvpn.Established) {
	profile := s.tunnel.options.Profile
	config, warnings := hostConfig(profile, result.Options, s.outerAddresses(s.conn.Remote()))
	config.MTU = result.TunMTU
	if s.tunnel.options.LeaveDNS {
		config.DNS = host.DNS{}
	}
	for _, refusal := range result.Options.Refused {
		warnings = append(warnings, "The gateway's option "+refusal.Option+" was not followed: "+refusal.Reason+".")
	}
	s.warn(warnings)
	s.stage(Configuring)
	s.result, s.wanted = result, config
	configured := make(chan error, 1)
	s.configured = configured
	go func() {
		<-s.opened
		if s.openErr != nil {
			configured <- s.openErr
			return
		}
		configured <- s.tunnel.computer.Set(ctx, config)
	}()
}

func (s *session) warn(sentences []string) {
	for _, sentence := range sentences {
		s.report(Event{Kind: KindWarning, Message: sentence})
	}
}

// finishConfiguring lets packets flow once this computer is set up.
func (s *session) finishConfiguring(err error) *Problem {
	if s.openErr != nil {
		return s.notOpened()
	}
	computer := s.tunnel.computer
	for _, warning := range computer.Warnings() {
		s.warn([]string{warning.String()})
	}
	if err != nil {
		return asProblem(err, HostFailed)
	}
	s.attach()
	s.up = true
	description := s.describe(s.result)
	addHost(description, computer.Name(), s.wanted)
	s.tunnel.post(Established{Hello: s.hello})
	s.tunnel.post(attemptReport{event: Event{Kind: KindSession, Session: description}, session: description, traffic: s.traffic})
	return nil
}

// traffic reads the data channel's counters; from any goroutine.
func (s *session) traffic() Traffic {
	counters := s.client.Data().Counters()
	return Traffic{BytesIn: counters.BytesReceived, BytesOut: counters.BytesSent,
		PacketsIn: counters.PacketsReceived, PacketsOut: counters.PacketsSent}
}

func addHost(session *Session, device string, config host.Config) {
	session.Interface, session.MTU = device, config.MTU
	session.Addresses, session.Routes, session.ExcludedRoutes = config.Addresses, config.Routes, config.ExcludedRoutes
	session.DNSServers = config.DNS.Servers
	session.DNSSuffixes = config.DNS.Match
}

// stillOurs reports whether an address is on one of this computer's interfaces.
func stillOurs(address netip.Addr) bool {
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return true // not known: the transport itself will tell
	}
	for _, i := range interfaces {
		if prefix, err := netip.ParsePrefix(i.String()); err == nil && prefix.Addr().Unmap() == address.Unmap() {
			return true
		}
	}
	return false
}
