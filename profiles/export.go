package profiles

import (
	"fmt"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/ovpn"
)

// ExportError says why a profile cannot be written in a format.
type ExportError struct {
	Format  Format
	Problem string
}

// Error implements error.
func (e *ExportError) Error() string {
	return fmt.Sprintf("write profile as %s: %s", e.Format, e.Problem)
}

// Export writes a profile as a file that the official client (FormatAzureXML) or OpenVPN 2.6 (FormatOVPN) reads. What it came from knows
// beyond Profile goes along where the format is the same. The result holds the profile's secrets. An error is an *ExportError.
func Export(p *Profile, format Format) ([]byte, error) {
	for _, f := range Validate(p) {
		if f.Severity == finding.Fault {
			return nil, &ExportError{format, f.String()}
		}
	}
	switch format {
	case FormatAzureXML:
		return exportAzure(p)
	case FormatOVPN:
		return exportOpenVPN(p)
	default:
		return nil, &ExportError{format, "profiles are written as " + string(FormatAzureXML) + " or " + string(FormatOVPN) + " only"}
	}
}

// exportAzure refuses what an AzVpnProfile has no words for, and without which nobody can connect.
func exportAzure(p *Profile) ([]byte, error) {
	control := p.ControlChannel
	problem := ""
	switch {
	case control.Mode != TLSAuth || control.Key == "":
		problem = "it needs a tls-auth key, the server secret"
	case control.KeyDirection == nil || *control.KeyDirection != clientDirection:
		problem = "it cannot say another key direction than 1"
	case control.Digest != "" && control.Digest != azureDigest:
		problem = "it cannot say another digest of tls-auth than " + azureDigest
	case len(p.Gateway.RootThumbprints) == 0 && len(p.Gateway.Roots) == 0:
		problem = "it needs the thumbprint of the gateway's root certificate"
	case p.Authentication.AuthUserPass:
		problem = "it cannot say that both a certificate and a password are needed"
	}
	for _, server := range p.Servers {
		switch {
		case problem != "":
		case server.Port != azurePort:
			problem = fmt.Sprintf("it cannot say another port than %d", azurePort)
		case server.Transport != "" && server.Transport != p.Transport:
			problem = "its servers share one transport"
		}
	}
	if problem != "" {
		return nil, &ExportError{FormatAzureXML, problem}
	}
	var source []byte
	if p.Format == FormatAzureXML {
		source = p.Source
	}
	return azvpn.Write(toAzure(p), source), nil
}

func exportOpenVPN(p *Profile) ([]byte, error) {
	if p.ControlChannel.Mode != NoControlProtection && p.ControlChannel.Key == "" {
		return nil, &ExportError{FormatOVPN, "it needs the server secret, which VpnSettings.xml does not have"}
	}
	c := toOpenVPN(p)
	if len(c.CA) == 0 && len(c.PeerFingerprints) == 0 {
		return nil, &ExportError{FormatOVPN, "it needs the gateway's root certificate, which came with the ZIP that Azure generated"}
	}
	if p.Format == FormatOVPN {
		if source, _ := ovpn.Parse(p.Source, ovpn.ParseOptions{}); source != nil {
			c.Kept = source.Kept
		}
	}
	return ovpn.Write(c), nil
}
