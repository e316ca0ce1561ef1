package azurezip

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Authentication is an authentication type of a gateway, as profiles spell it.
type Authentication string

// The authentication types.
const (
	Entra       Authentication = "aad"
	Certificate Authentication = "cert"
	Radius      Authentication = "usernamepass"
)

// EntraParameters are what the gateway's administrator entered for Microsoft Entra ID.
type EntraParameters struct {
	Tenant   string // https://login.microsoftonline.com/<tenant id>/
	Audience string // application id
	Issuer   string // https://sts.windows.net/<tenant id>/
}

// Description is the gateway that the package is for.
type Description struct {
	Name   string   // of the virtual network: the connection's name
	VNetID string   // GUID of the virtual network
	Hosts  []string // the gateway's names; port 443 always

	Authentications []Authentication
	Entra           *EntraParameters // with Entra

	Transport string              // "tcp", and "udp", which Azure has never been seen with; empty: tcp
	Roots     []*x509.Certificate // that the gateway's certificate ends in
	Secret    *tlswrap.StaticKey  // tls-auth

	Pool   netip.Prefix   // of the clients' addresses
	Routes []netip.Prefix // the networks behind the gateway

	// What an administrator puts into azurevpnconfig.xml besides.
	DNSServers    []netip.Addr
	DNSSuffixes   []string
	IncludeRoutes []netip.Prefix
	ExcludeRoutes []netip.Prefix
}

// HostName is how Azure names a gateway: azuregateway-<vnet guid>-<12 hexadecimal digits>.vpn.azure.com.
func HostName(vnetID string, digits uint64) string {
	return fmt.Sprintf("azuregateway-%s-%012x.vpn.azure.com", vnetID, digits&0xffff_ffff_ffff)
}

// CommonName is what a gateway's certificate is named: <vnet guid>.vpn.azure.com.
func CommonName(vnetID string) string { return vnetID + ".vpn.azure.com" }

var (
	guid     = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	hostName = regexp.MustCompile(`^[0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?$`)
)

func (d *Description) check() error {
	switch {
	case !guid.MatchString(d.VNetID):
		return fmt.Errorf("virtual network %q is no GUID", d.VNetID)
	case len(d.Hosts) == 0:
		return errors.New("no gateway")
	case len(d.Authentications) == 0:
		return errors.New("no authentication type")
	case len(d.Roots) == 0:
		return errors.New("no root certificate")
	case d.Secret == nil:
		return errors.New("no server secret")
	case d.Transport != "" && d.Transport != "tcp" && d.Transport != "udp":
		return fmt.Errorf("transport %q is neither tcp nor udp", d.Transport)
	}
	for _, host := range d.Hosts {
		if !hostName.MatchString(host) {
			return fmt.Errorf("%q is no host name", host)
		}
	}
	for _, authentication := range d.Authentications {
		switch authentication {
		case Certificate, Radius:
		case Entra:
			if d.Entra == nil {
				return errors.New("no parameters for Entra")
			}
		default:
			return fmt.Errorf("unknown authentication type %q", authentication)
		}
	}
	return nil
}

// secretDigits are the secret as azurevpnconfig.xml has it: its 512 hexadecimal digits.
func (d *Description) secretDigits() string {
	lines := strings.Split(strings.TrimSpace(d.Secret.PEM()), "\n")
	return strings.Join(lines[1:len(lines)-1], "")
}

// forcedTunnel reports whether all traffic is included, which needs version 2 of the profile.
func (d *Description) forcedTunnel() bool {
	for _, route := range d.IncludeRoutes {
		if route.Bits() == 0 {
			return true
		}
	}
	return false
}

func (d *Description) has(wanted Authentication) bool {
	for _, authentication := range d.Authentications {
		if authentication == wanted {
			return true
		}
	}
	return false
}
