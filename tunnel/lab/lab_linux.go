package lab

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Lab is a running lab. It must be closed.
type Lab struct {
	Laptop, Gateway *netns.Namespace
	Files           Files
	Host            string // the gateway's name, as in the profile package

	VNet, OnPremises, Outside *Site

	Certificates *pki.Set
	Secret       *tlswrap.StaticKey // of tls-auth, which is always SHA256 with Azure

	// BuiltIn or OpenVPN is the gateway, the other is nil.
	BuiltIn *gateway.Server
	OpenVPN *openvpnd.Gateway

	Entra  *entra.Provider    // nil: none
	RADIUS *freeradius.Server // nil: none
	Azure  *arm.Server        // nil: none

	options Options
	control string // the socket to control Entra by

	azureControl  string   // the socket to control Azure by
	azureGateways []string // resource ids

	logger *slog.Logger
	ipv6   bool // this computer has IPv6

	closing sync.Once
	undo    []func() error
	err     error // of closing
}

// Up makes a lab, after cleaning up what labs that were killed have left. If it fails, nothing is left of it.
func Up(ctx context.Context, options Options) (*Lab, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("set up lab: %w", err)
	}
	if err := CleanUp(); err != nil {
		return nil, fmt.Errorf("set up lab: %w", err)
	}
	l := &Lab{options: options, logger: options.Logger, ipv6: hasIPv6()}
	for _, step := range []func(context.Context) error{
		l.makeDirectory, l.makeCertificates, l.makeNetwork, l.makeSites, l.startEntra, l.startRADIUS, l.startGateway, l.writeFiles, l.startAzure,
	} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("set up lab: %w", errors.Join(err, l.Close()))
		}
	}
	return l, nil
}

// Close takes everything down, also when something of it fails. Calling it again returns the same error.
func (l *Lab) Close() error {
	l.closing.Do(func() {
		var errs []error
		for i := len(l.undo) - 1; i >= 0; i-- {
			errs = append(errs, l.undo[i]())
		}
		if err := errors.Join(errs...); err != nil {
			l.err = fmt.Errorf("take lab down: %w", err)
		}
	})
	return l.err
}

// later remembers what Close has to do.
func (l *Lab) later(undo func() error) { l.undo = append(l.undo, undo) }

func hasIPv6() bool {
	_, err := os.Stat("/proc/net/if_inet6")
	return err == nil
}
