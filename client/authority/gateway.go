package authority

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/signin"
)

// Gateway says where a certificate is to be known or revoked; empty fields show as what to fill in.
type Gateway struct {
	ResourceGroup string
	Name          string // of the virtual network gateway
}

func (g Gateway) resourceGroup() string {
	if g.ResourceGroup == "" {
		return "RESOURCE-GROUP"
	}
	return g.ResourceGroup
}

func (g Gateway) name() string {
	if g.Name == "" {
		return "GATEWAY"
	}
	return g.Name
}

// RootUpload is how a gateway is told of a root.
type RootUpload struct {
	Name       string `json:"name"`        // of the entry: no spaces, which the portal refuses
	PublicData string `json:"public_data"` // base64 without line breaks, as the portal wants it pasted
	Portal     string `json:"portal"`      // where to paste it
	CLI        string `json:"cli"`
	PowerShell string `json:"powershell"`
}

// PortalText is a certificate as the portal wants it pasted: DER in base64 on one line, without the PEM header. With line breaks the
// portal says "Data for certificate is invalid".
func PortalText(certificate *x509.Certificate) string {
	return base64.StdEncoding.EncodeToString(certificate.Raw)
}

// UploadInfo says how to make a gateway know a root.
//
// https://learn.microsoft.com/azure/vpn-gateway/point-to-site-certificate-gateway
func UploadInfo(root *x509.Certificate, gateway Gateway) RootUpload {
	name, data := entryName(root), PortalText(root)
	return RootUpload{
		Name: name, PublicData: data,
		Portal: "In the portal open the virtual network gateway, Point-to-site configuration, Root certificates. Give the name and paste the public certificate data, then save. " +
			"(Virtual WAN: the user VPN configuration, Azure certificate.)",
		CLI: fmt.Sprintf("az network vnet-gateway root-cert create --resource-group %s --gateway-name %s --name %s --public-cert-data %s",
			quote(gateway.resourceGroup()), quote(gateway.name()), quote(name), data),
		PowerShell: fmt.Sprintf("Add-AzVpnClientRootCertificate -ResourceGroupName %s -VirtualNetworkGatewayName %s -VpnClientRootCertificateName %s -PublicCertData %s",
			quote(gateway.resourceGroup()), quote(gateway.name()), quote(name), data),
	}
}

// Revocation is how a gateway is told to refuse a client certificate.
type Revocation struct {
	CommonName string `json:"common_name"`
	Name       string `json:"name"`       // of the entry
	Thumbprint string `json:"thumbprint"` // SHA-1 in upper-case hex without spaces, as Azure shows it
	Portal     string `json:"portal"`
	CLI        string `json:"cli"`
	PowerShell string `json:"powershell"`
}

// RevokeInfo says how to revoke a client certificate. A gateway goes by the thumbprint and refuses the next connection; one that is up
// stays up until it is disconnected.
//
// https://learn.microsoft.com/azure/vpn-gateway/point-to-site-certificate-gateway#revokeclient
func RevokeInfo(certificate *x509.Certificate, gateway Gateway) Revocation {
	name, thumbprint := entryName(certificate), strings.ToUpper(signin.Thumbprint(certificate))
	return Revocation{
		CommonName: certificate.Subject.CommonName, Name: name, Thumbprint: thumbprint,
		Portal: "In the portal open the virtual network gateway, Point-to-site configuration, Revoked certificates. Give the name and the thumbprint, then save. " +
			"(Virtual WAN: the user VPN configuration, Azure certificate, revoked certificates.)",
		CLI: fmt.Sprintf("az network vnet-gateway revoked-cert create --resource-group %s --gateway-name %s --name %s --thumbprint %s",
			quote(gateway.resourceGroup()), quote(gateway.name()), quote(name), thumbprint),
		PowerShell: fmt.Sprintf("Add-AzVpnClientRevokedCertificate -ResourceGroupName %s -VirtualNetworkGatewayName %s -VpnClientRevokedCertificateName %s -Thumbprint %s",
			quote(gateway.resourceGroup()), quote(gateway.name()), quote(name), thumbprint),
	}
}

// entryName is a name that the portal takes.
func entryName(certificate *x509.Certificate) string {
	return strings.ReplaceAll(FileName(certificate.Subject.CommonName), "@", "-")
}

// quote is for shells: what is in single quotes stays as it is, in sh and in PowerShell.
func quote(text string) string {
	plain := !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.", r)
	})
	if plain && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", "") + "'" // names of Azure resources have no quotes
}

// WriteRoot writes the root certificate into a new .cer file in the base64 form that portals and Windows take.
func WriteRoot(path string, root *x509.Certificate) error {
	if err := writeNew(path, certificatePEM(root), publicMode); err != nil {
		return fmt.Errorf("write root certificate: %w", err)
	}
	return nil
}
