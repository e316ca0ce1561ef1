// Package standalone is the whole client in one process, for containers, servers and tests: no service, no window.
package standalone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/gatewaymemory"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/host/netmon"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Options says what to run.
type Options struct {
	Path    string // the profile's file, ZIP included
	Profile string // which profile, where the file holds several

	Certificate *tls.Certificate                                              // nil: the profile's own, if it holds one
	Ask         func(context.Context, tunnel.Question) (tunnel.Answer, error) // nil: there is nobody to ask
	Proxy       *profiles.Proxy                                               // nil: the profile's

	// ProxyFromEnvironment uses the proxy that https_proxy, all_proxy and no_proxy name, where no other is given.
	ProxyFromEnvironment bool

	LeaveDNS bool          // do not touch name resolution, such as where /etc is read-only
	Device   string        // wanted name of the network interface
	StateDir string        // where journals and memories are kept
	Timeout  time.Duration // for the first connection; 0: no limit
	Version  string

	Observe func(tunnel.Event)
	Finding func(finding.Finding) // what was noticed in the file
	Logger  *slog.Logger
}

// Run imports the profile, connects, and stays connected until ctx ends (nil) or retrying is pointless (a *tunnel.Problem).
func Run(ctx context.Context, options Options) error {
	profile, err := choose(options)
	if err != nil {
		return err
	}
	certificate, err := certificateFor(profile, options.Certificate)
	if err != nil {
		return err
	}
	proxy, err := proxyFor(profile, options)
	if err != nil {
		return err
	}
	watch, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	network, err := netmon.Watch(watch, options.Logger)
	if err != nil {
		options.Logger.Warn("changes of the network are not noticed", "error", err)
	}
	tunnelOptions := tunnel.Options{
		Profile:     profile,
		Certificate: certificate,
		Ask:         askFor(profile, options.Ask),
		Proxy:       proxy,
		LeaveDNS:    options.LeaveDNS,
		Network:     network,
		Memory:      gatewaymemory.Open(filepath.Join(options.StateDir, "hello.json"), options.Logger),
		Version:     "Footbridge " + options.Version,
		Logger:      options.Logger,
		Computer: func(ctx context.Context) (tunnel.Computer, error) {
			return openComputer(ctx, options)
		},
	}
	return runWithin(ctx, tunnelOptions, options)
}

// runWithin gives up where the first connection takes longer than the time-out.
func runWithin(ctx context.Context, tunnelOptions tunnel.Options, options Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var timer *time.Timer
	if options.Timeout > 0 {
		timer = time.AfterFunc(options.Timeout, func() { cancel(errTimeout) })
		defer timer.Stop()
	}
	var last *tunnel.Problem // why the last attempt failed, which says more than that it took too long
	tunnelOptions.Observe = func(event tunnel.Event) {
		if event.State == tunnel.Connected && timer != nil {
			timer.Stop()
		}
		if event.Problem != nil {
			last = event.Problem
		}
		if options.Observe != nil {
			options.Observe(event)
		}
	}
	err := tunnel.New(tunnelOptions).Run(ctx)
	if err == nil && errors.Is(context.Cause(ctx), errTimeout) {
		return tunnel.TimeoutProblem(options.Timeout, last)
	}
	return err
}

var errTimeout = errors.New("connecting took too long")

func openComputer(ctx context.Context, options Options) (tunnel.Computer, error) {
	return host.Open(ctx, host.Options{Name: options.Device, StateDir: options.StateDir, Logger: options.Logger})
}

// choose imports the file and picks the profile.
func choose(options Options) (*profiles.Profile, error) {
	imported, err := profiles.ImportFile(options.Path)
	if err != nil {
		return nil, err
	}
	if options.Finding != nil {
		for _, found := range imported.Findings {
			options.Finding(found)
		}
	}
	var names []string
	for _, profile := range imported.Profiles {
		if profile.Name == options.Profile || (options.Profile == "" && len(imported.Profiles) == 1) {
			return profile, nil
		}
		names = append(names, fmt.Sprintf("%q (%s)", profile.Name, profile.Authentication.Type))
	}
	if options.Profile == "" {
		return nil, fmt.Errorf("%s holds several profiles: choose one with --profile: %s", filepath.Base(options.Path), strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("%s holds no profile %q; it has: %s", filepath.Base(options.Path), options.Profile, strings.Join(names, ", "))
}

// proxyFor is the proxy between this computer and the gateway: the given one, else, where it was asked for, the environment's.
func proxyFor(profile *profiles.Profile, options Options) (*profiles.Proxy, error) {
	if options.Proxy != nil || !options.ProxyFromEnvironment || len(profile.Servers) == 0 {
		return options.Proxy, nil
	}
	proxy, err := transport.ProxyFromEnvironment(profile.Servers[0].Host, profile.Servers[0].Port)
	if err != nil {
		return nil, fmt.Errorf("read proxy from the environment: %w", err)
	}
	return proxy, nil
}

// certificateFor is the certificate to sign in with: the given one, else the one inside the profile.
func certificateFor(profile *profiles.Profile, given *tls.Certificate) (*tls.Certificate, error) {
	certificate := given
	authentication := profile.Authentication
	if certificate == nil && authentication.ClientCert != "" {
		parsed, err := signin.ParsePEM([]byte(authentication.ClientCert.Reveal()), []byte(authentication.ClientKey.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("read the profile's client certificate: %w", err)
		}
		certificate = parsed
	}
	if certificate == nil && authentication.PKCS12 != "" {
		parsed, err := signin.ParsePKCS12([]byte(authentication.PKCS12.Reveal()), "")
		if err != nil {
			return nil, fmt.Errorf("read the profile's client certificate: %w", err)
		}
		certificate = parsed
	}
	if certificate == nil {
		return nil, nil // the tunnel says what is missing where one is needed
	}
	thumbprint := ""
	if authentication.Certificate != nil {
		thumbprint = authentication.Certificate.Thumbprint
	}
	if err := signin.Check(certificate, thumbprint, time.Now()); err != nil {
		return nil, tunnel.CertificateProblem(err, errors.Is(err, signin.ErrExpired) || errors.Is(err, signin.ErrNotYetValid))
	}
	return certificate, nil
}

// DefaultStateDir is where journals are kept: they must outlive a crash and a restart of the computer.
func DefaultStateDir() string {
	if os.Getuid() == 0 {
		return "/var/lib/footbridge"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "footbridge")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "footbridge")
	}
	return filepath.Join(home, ".local", "state", "footbridge")
}
