package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/host/device"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// keepalive of the gateways.
const (
	ping        = 10 * time.Second
	pingTimeout = 60 * time.Second
)

func (l *Lab) startGateway(ctx context.Context) error {
	if l.options.Gateway == OpenVPN {
		return l.startOpenVPN(ctx)
	}
	return l.startBuiltIn(ctx)
}

func (l *Lab) startOpenVPN(ctx context.Context) error {
	options := openvpnd.Options{
		Namespace: l.Gateway, Listen: netip.AddrPortFrom(gatewayAddress().ipv4.Addr(), gatewayPort), Proto: l.options.Transport,
		Wrap: tlswrap.Auth, StaticKey: l.Secret, Auth: "SHA256", TLSMin: "1.2", Ciphers: []string{"AES-256-GCM"},
		Identity: l.Certificates.Gateway, Roots: []*pki.Authority{l.Certificates.ClientRoot},
		IPv4: pool().ipv4, Routes: l.routes(), Push: []string{"dhcp-option DNS " + l.VNet.Resolver.String()},
		Ping: ping, PingTimeout: pingTimeout,
		Directory: filepath.Join(l.Files.Directory, "openvpn"),
	}
	if l.ipv6 {
		options.IPv6 = pool().ipv6
	}
	if err := l.signInToOpenVPN(&options); err != nil {
		return err
	}
	if l.options.ChangeOpenVPN != nil {
		l.options.ChangeOpenVPN(&options)
	}
	var err error
	if l.OpenVPN, err = openvpnd.Start(ctx, options); err != nil {
		return err
	}
	l.later(l.OpenVPN.Stop)
	return nil
}

func (l *Lab) startBuiltIn(ctx context.Context) error {
	config, err := l.openBuiltIn(ctx)
	if err != nil {
		return err
	}
	if l.options.ChangeBuiltIn != nil {
		l.options.ChangeBuiltIn(&config)
	}
	if l.BuiltIn, err = gateway.New(config); err != nil {
		return errors.Join(err, closeBuiltIn(config))
	}
	serving, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.BuiltIn.Serve(serving) }()
	l.later(func() error {
		stop()
		return <-ended
	})
	return nil
}

// openBuiltIn opens what the built-in gateway works with: sockets and a device in the gateway's namespace.
func (l *Lab) openBuiltIn(ctx context.Context) (config gateway.Config, err error) {
	methods := l.methods()
	config = gateway.Config{
		Authenticate: methods.Authenticator(),
		TLS:          l.clientTLS(),
		Wrap:         tlswrap.Config{Mode: tlswrap.Auth, Key: l.Secret, Digest: "SHA256", Direction: tlswrap.Normal},
		IPv4:         pool().ipv4, Routes: l.routes(), DNS: []netip.Addr{l.VNet.Resolver}, TunMTU: mtu,
		Ping: ping, PingTimeout: pingTimeout, Logger: l.logger,
	}
	if l.ipv6 {
		config.IPv6 = pool().ipv6
	}
	endpoint := netip.AddrPortFrom(gatewayAddress().ipv4.Addr(), gatewayPort).String()
	err = l.Gateway.Do(func() error {
		var listening net.ListenConfig
		listener, err := listening.Listen(ctx, "tcp", endpoint)
		if err != nil {
			return err
		}
		config.Listeners = []net.Listener{listener}
		socket, err := transport.ListenPackets(ctx, endpoint, nil)
		if err != nil {
			return err
		}
		config.Sockets = []*transport.PacketListener{socket}
		tun, link, err := device.Create("p2s", mtu)
		if err != nil {
			return explainDevice(err)
		}
		config.Device = tun
		return l.setUpDevice(link)
	})
	if err != nil {
		return config, errors.Join(fmt.Errorf("open gateway: %w", err), closeBuiltIn(config))
	}
	return config, nil
}

// clientTLS is how the built-in gateway and its clients prove who they are.
func (l *Lab) clientTLS() *tls.Config {
	methods := l.methods()
	return &tls.Config{
		Certificates: []tls.Certificate{l.Certificates.Gateway.TLS()},
		ClientAuth:   methods.ClientAuth(), ClientCAs: l.Certificates.ClientRoot.Pool(), MinVersion: tls.VersionTLS12,
	}
}

func (l *Lab) setUpDevice(link netlink.Link) error {
	name := link.Attrs().Name
	if err := l.giveAddress(l.Gateway, name, pool().first()); err != nil {
		return err
	}
	return l.Gateway.SetUp(name)
}

// explainDevice says what can be done about a TUN device that cannot be opened.
func explainDevice(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w (run as root, or let this user open /dev/net/tun)", err)
	}
	return err
}

func closeBuiltIn(config gateway.Config) error {
	var errs []error
	for _, listener := range config.Listeners {
		errs = append(errs, listener.Close())
	}
	for _, socket := range config.Sockets {
		errs = append(errs, socket.Close())
	}
	if config.Device != nil {
		errs = append(errs, config.Device.Close())
	}
	return errors.Join(errs...)
}
