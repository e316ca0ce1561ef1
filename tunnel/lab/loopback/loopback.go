// Package loopback is a gateway of the lab's own on one address, for tests of what talks to a gateway without a network around it.
package loopback

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// GatewayName is what the gateway's certificate is for.
const GatewayName = "11111111-2222-3333-4444-555555555555.vpn.azure.com"

// secretDigits is the server secret of all gateways: that of none that protects anything.
var secretDigits = strings.Repeat("0123456789abcdef", 32)

// Gateway takes clients with certificates of its own authority.
type Gateway struct {
	Server *gateway.Server
	User   *pki.Identity // may come in

	set     *pki.Set
	address *net.TCPAddr
	cancel  context.CancelFunc
	served  chan error
}

// Start serves on a listener; nil: one on 127.0.0.1. change may make the gateway different; nil: nothing is.
func Start(listener net.Listener, change func(*gateway.Config)) (*Gateway, error) {
	g := &Gateway{served: make(chan error, 1)}
	var err error
	if g.set, err = pki.NewSet(GatewayName); err != nil {
		return nil, err
	}
	if g.User, err = g.set.Client("user", pki.ECDSA); err != nil {
		return nil, err
	}
	if listener == nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start gateway: %w", err)
		}
	}
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return nil, errors.Join(errors.New("start gateway: not a TCP listener"), listener.Close())
	}
	g.address = address
	key, err := tlswrap.ParseStaticKey(secretDigits)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	config := gateway.Config{
		TLS: &tls.Config{Certificates: []tls.Certificate{g.set.Gateway.TLS()}, ClientAuth: tls.RequireAndVerifyClientCert,
			ClientCAs: g.set.ClientRoot.Pool(), MinVersion: tls.VersionTLS12},
		Wrap: tlswrap.Config{Mode: tlswrap.Auth, Key: key, Digest: "SHA256", Direction: tlswrap.Normal},
		IPv4: netip.MustParsePrefix("172.16.0.0/24"), Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16")},
		Digest: "SHA256", Listeners: []net.Listener{listener},
	}
	if change != nil {
		change(&config)
	}
	if g.Server, err = gateway.New(config); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	ctx, cancel := context.WithCancel(context.Background())
	g.cancel = cancel
	go func() { g.served <- g.Server.Serve(ctx) }()
	return g, nil
}

// Close ends the gateway.
func (g *Gateway) Close() {
	g.cancel()
	<-g.served
}

// Profile is an .ovpn file for the gateway, without a client's certificate.
func (g *Gateway) Profile() []byte {
	return fmt.Appendf(nil, "client\ndev tun\nproto tcp-client\nremote %s %d\nremote-cert-tls server\nverify-x509-name %s name\nauth SHA256\nkey-direction 1\n"+
		"<ca>\n%s</ca>\n<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\n%s\n-----END OpenVPN Static key V1-----\n</tls-auth>\n",
		g.address.IP, g.address.Port, GatewayName, g.set.GatewayRoot.PEM(), secretDigits)
}

// ProfileWithKey is Profile with the user's certificate and key in it.
func (g *Gateway) ProfileWithKey() ([]byte, error) {
	key, err := g.User.KeyPEM()
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(g.Profile(), "<cert>\n%s</cert>\n<key>\n%s</key>\n", g.User.CertificatePEM(), key), nil
}
