package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// startEntra puts the identity provider outside, where the laptop reaches it without a tunnel. Its certificate is below the root that the laptop trusts.
func (l *Lab) startEntra(ctx context.Context) error {
	if !l.options.has(azurezip.Entra) && !l.options.Azure {
		return nil
	}
	address := entraAddress()
	if err := l.Gateway.AddAddress("lo", netip.PrefixFrom(address.Addr(), address.Addr().BitLen())); err != nil {
		return err
	}
	listener, err := l.Gateway.Listen(ctx, "tcp", address.String())
	if err != nil {
		return err
	}
	options := entra.Options{
		Listener: listener, Host: l.options.EntraHost, Authority: l.Certificates.GatewayRoot, Logger: l.logger,
		Switches: entra.Switches{SmallTokens: l.options.Gateway == OpenVPN},
	}
	if l.options.Azure {
		options.Clients, options.Resources = []string{azureCLI}, []string{azureAudience}
	}
	if l.options.ChangeEntra != nil {
		l.options.ChangeEntra(&options)
	}
	if l.Entra, err = entra.Start(options); err != nil {
		return errors.Join(err, listener.Close())
	}
	l.later(l.Entra.Close)
	return l.offerControl()
}

// offerControl lets other processes of this user flip the provider's switches.
func (l *Lab) offerControl() error {
	directory, err := l.privateDirectory()
	if err != nil {
		return err
	}
	l.control = filepath.Join(directory, "entra.sock")
	stop, err := l.Entra.ServeControl(l.control)
	if err != nil {
		return err
	}
	l.later(stop)
	return nil
}

// privateDirectory makes a directory whose path is short and plain, whatever the lab's directory is called. It goes with the lab.
func (l *Lab) privateDirectory() (string, error) {
	owner, err := netns.Self()
	if err != nil {
		return "", err
	}
	directory, err := os.MkdirTemp("", directoryPrefix+owner.String()+"-")
	if err != nil {
		return "", err
	}
	l.later(func() error { return os.RemoveAll(directory) })
	return directory, nil
}

// startRADIUS puts FreeRADIUS into the virtual network, where only the gateway reaches it.
func (l *Lab) startRADIUS(ctx context.Context) error {
	if !l.options.has(azurezip.Radius) {
		return nil
	}
	address := radiusAddress()
	if err := l.Gateway.AddAddress("lo", netip.PrefixFrom(address.Addr(), address.Addr().BitLen())); err != nil {
		return err
	}
	options := freeradius.Options{Namespace: l.Gateway, Listen: address}
	if l.options.ChangeRADIUS != nil {
		l.options.ChangeRADIUS(&options)
	}
	var err error
	if l.RADIUS, err = freeradius.Start(ctx, options); err != nil {
		return err
	}
	l.later(l.RADIUS.Stop)
	return nil
}

// methods are the ways into the built-in gateway.
func (l *Lab) methods() authentication.Methods {
	methods := authentication.Methods{Certificate: l.options.has(azurezip.Certificate)}
	if l.options.has(azurezip.Entra) {
		methods.Entra = authentication.Entra(l.Entra.Validate, l.logger)
	}
	if l.RADIUS != nil {
		options := authentication.RADIUSOptions{Logger: l.logger}
		if l.options.ChangeRADIUSLogin != nil {
			l.options.ChangeRADIUSLogin(&options)
		}
		server := &authentication.Server{Address: l.RADIUS.Address(), Secret: l.RADIUS.Secret(), Dial: l.Gateway.Dial}
		methods.RADIUS = authentication.RADIUS(server, options)
	}
	return methods
}

// signInToOpenVPN sets the ways into OpenVPN's gateway: its own for certificates, the plugin for RADIUS alone, and the hook for all else.
func (l *Lab) signInToOpenVPN(options *openvpnd.Options) error {
	switch {
	case !l.options.has(azurezip.Entra) && l.RADIUS == nil:
		return nil
	case !l.options.has(azurezip.Entra) && !l.options.has(azurezip.Certificate):
		options.RADIUS = &openvpnd.RADIUS{Address: l.RADIUS.Address(), Secret: l.RADIUS.Secret(), Wait: radiusWait}
		return nil
	case len(l.options.CheckLogin) == 0:
		return errors.New("OpenVPN as gateway needs a program that checks logins")
	}
	settings := authentication.Settings{Certificate: l.options.has(azurezip.Certificate)}
	if l.options.has(azurezip.Entra) {
		settings.Entra = &authentication.EntraSettings{
			Issuer: l.Entra.Issuer(), Audience: l.Entra.Audience(), KeysURL: l.Entra.KeysURL(), Address: entraAddress().String(), Root: string(l.Entra.RootPEM()),
		}
	}
	if l.RADIUS != nil {
		settings.RADIUS = &authentication.RADIUSSettings{Address: l.RADIUS.Address(), Secret: l.RADIUS.Secret()}
	}
	directory, err := l.privateDirectory()
	if err != nil {
		return err
	}
	path := filepath.Join(directory, "check-login.json")
	if err := settings.Write(path); err != nil {
		return err
	}
	options.Verify = append(append([]string(nil), l.options.CheckLogin...), path)
	options.VerifyEnvironment = l.options.CheckEnvironment
	options.CertificateOptional = settings.Certificate
	return nil
}

// radiusWait is how long OpenVPN's plugin waits for an answer.
const radiusWait = 60 * time.Second

// HTTPClient is a web client on the laptop: it looks names up and connects as a program there does, and trusts the lab's root alone.
func (l *Lab) HTTPClient() *http.Client {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return l.Laptop.Dial(ctx, network, netip.AddrPortFrom(outsideResolver(), 53).String())
	}}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: l.Certificates.GatewayRoot.Pool(), MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			if host == "localhost" {
				return l.Laptop.Dial(ctx, network, net.JoinHostPort("127.0.0.1", port))
			}
			found, err := resolver.LookupNetIP(ctx, "ip4", host)
			if err != nil {
				return nil, err
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("look up %s: no address", host)
			}
			return l.Laptop.Dial(ctx, network, net.JoinHostPort(found[0].Unmap().String(), port))
		},
	}}
}
