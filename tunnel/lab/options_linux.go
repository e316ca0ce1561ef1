package lab

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
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

	// Authentications are the ways into the gateway; the profile package has a profile for each. Empty: azurezip.Certificate. With azurezip.Entra
	// the lab has an identity provider, with azurezip.Radius a FreeRADIUS.
	Authentications []azurezip.Authentication

	// Azure gives the lab a resource manager, with the lab's gateway in it, and an identity provider for its administrators.
	Azure bool

	// EntraHost is the name of the identity provider. Empty: login.microsoftonline.com, which in the lab is the provider of the lab; any other one is
	// an authority that nobody knows.
	EntraHost string

	// CheckLogin is a program with arguments that calls authentication.Check with its last argument, which is added; CheckEnvironment is put into its
	// environment. OpenVPN as gateway needs it for anything but certificates and RADIUS alone.
	CheckLogin       []string
	CheckEnvironment map[string]string

	// Directory is where the profile package and certificates go, which then stay. Empty: a temporary one, gone with the lab.
	Directory string

	// What a test wants to be different, called with a configuration that is complete. nil: nothing.
	ChangeBuiltIn func(*gateway.Config)
	ChangeOpenVPN func(*openvpnd.Options)
	ChangeEntra   func(*entra.Options)
	ChangeRADIUS  func(*freeradius.Options)

	ChangeRADIUSLogin func(*authentication.RADIUSOptions) // of the built-in gateway

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
	if len(o.Authentications) == 0 {
		o.Authentications = []azurezip.Authentication{azurezip.Certificate}
	}
	if o.EntraHost == "" {
		o.EntraHost = "login.microsoftonline.com"
	}
	for _, authentication := range o.Authentications {
		switch authentication {
		case azurezip.Certificate, azurezip.Entra, azurezip.Radius:
		default:
			return o, fmt.Errorf("authentication %q is none of %s, %s, %s", authentication, azurezip.Certificate, azurezip.Entra, azurezip.Radius)
		}
	}
	if o.Gateway != BuiltIn && o.Gateway != OpenVPN {
		return o, fmt.Errorf("gateway %q is neither %s nor %s", o.Gateway, BuiltIn, OpenVPN)
	}
	if o.Transport != "tcp" && o.Transport != "udp" {
		return o, fmt.Errorf("transport %q is neither tcp nor udp", o.Transport)
	}
	return o, nil
}

// has reports whether there is a way into the gateway.
func (o *Options) has(way azurezip.Authentication) bool {
	return slices.Contains(o.Authentications, way)
}
