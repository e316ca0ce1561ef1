package lab

import (
	"fmt"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// Kind is the kind of gateway.
type Kind string

// The kinds of gateways.
const (
	BuiltIn Kind = "builtin" // package tunnel/gateway; listens for TCP and UDP
	OpenVPN Kind = "openvpn" // OpenVPN as installed on this computer
)

// Options describes a lab. The zero value is a built-in gateway over TCP.
type Options struct {
	Gateway   Kind
	Transport string // "tcp", or "udp" which real Azure has never been seen with

	// Directory is where the profile package and certificates go, which then stay. Empty: a temporary one, gone with the lab.
	Directory string

	// What a test wants to be different, called with a configuration that is complete. nil: nothing.
	ChangeBuiltIn func(*gateway.Config)
	ChangeOpenVPN func(*openvpnd.Options)

	Logger *slog.Logger // nil: silent
}

func (o Options) withDefaults() (Options, error) {
	if o.Gateway == "" {
		o.Gateway = BuiltIn
	}
	if o.Transport == "" {
		o.Transport = "tcp"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Gateway != BuiltIn && o.Gateway != OpenVPN {
		return o, fmt.Errorf("gateway %q is neither %s nor %s", o.Gateway, BuiltIn, OpenVPN)
	}
	if o.Transport != "tcp" && o.Transport != "udp" {
		return o, fmt.Errorf("transport %q is neither tcp nor udp", o.Transport)
	}
	return o, nil
}
