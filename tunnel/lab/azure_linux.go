package lab

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/arm"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
)

// What the lab's Azure is called. The laptop takes it for the public cloud, whose names and ids these are.
const (
	azureHost         = "management.azure.com"
	azureAudience     = "https://management.core.windows.net/"
	azureCLI          = "04b07795-8ddb-461a-bbee-02f9e1bf7b46" // the application that administrators sign in to
	azureSubscription = "5ab5c417-0000-4000-8000-00000000e17a"
)

// startAzure puts a resource manager outside that has the lab's gateway, as one of a virtual network and as one of Virtual WAN. Both hand out the lab's
// profile package and tell who is connected.
func (l *Lab) startAzure(ctx context.Context) error {
	if !l.options.Azure {
		return nil
	}
	address := azureAddress()
	if err := l.Gateway.AddAddress("lo", netip.PrefixFrom(address.Addr(), address.Addr().BitLen())); err != nil {
		return err
	}
	listener, err := l.Gateway.Listen(ctx, "tcp", address.String())
	if err != nil {
		return err
	}
	options := arm.Options{
		Listener: listener, Host: azureHost, Authority: l.Certificates.GatewayRoot, Logger: l.logger, Audience: azureAudience,
		Login: strings.TrimSuffix(strings.TrimSuffix(l.Entra.Authority(), "/"), "/"+l.Entra.Tenant()),
		Token: func(bearer string) error {
			_, err := l.Entra.ValidateFor(bearer, azureAudience)
			return err
		},
		Package: func(context.Context, arm.PackageRequest) ([]byte, error) { return os.ReadFile(l.Files.Package) },
	}
	if l.BuiltIn != nil {
		options.Gateway = &arm.Gateway{Sessions: l.azureSessions, Disconnect: l.disconnect, Changed: l.trustClients}
	}
	if l.Azure, err = arm.Start(options); err != nil {
		return err
	}
	l.later(l.Azure.Close)
	l.Azure.Polls(1)
	l.furnishAzure()
	directory, err := l.privateDirectory()
	if err != nil {
		return err
	}
	l.azureControl = filepath.Join(directory, "azure.sock")
	stop, err := l.Azure.ServeControl(l.azureControl)
	if err != nil {
		return err
	}
	l.later(stop)
	return nil
}

// furnishAzure makes the resources.
func (l *Lab) furnishAzure() {
	l.Azure.AddSubscription(arm.Subscription{ID: azureSubscription, Name: "Lab"})
	pools := &armnetwork.AddressSpace{AddressPrefixes: []*string{reference(pool().ipv4.Masked().String())}}
	client := &armnetwork.VPNClientConfiguration{
		VPNClientAddressPool: pools, VPNClientProtocols: []*armnetwork.VPNClientProtocol{reference(armnetwork.VPNClientProtocolOpenVPN)},
	}
	configuration := armnetwork.VPNServerConfigurationProperties{
		VPNProtocols: []*armnetwork.VPNGatewayTunnelingProtocol{reference(armnetwork.VPNGatewayTunnelingProtocolOpenVPN)},
	}
	if l.options.has(azurezip.Certificate) {
		root := reference(base64.StdEncoding.EncodeToString(l.Certificates.ClientRoot.Certificate.Raw))
		client.VPNAuthenticationTypes = append(client.VPNAuthenticationTypes, reference(armnetwork.VPNAuthenticationTypeCertificate))
		client.VPNClientRootCertificates = []*armnetwork.VPNClientRootCertificate{{Name: reference("lab-root"),
			Properties: &armnetwork.VPNClientRootCertificatePropertiesFormat{PublicCertData: root}}}
		configuration.VPNClientRootCertificates = []*armnetwork.VPNServerConfigVPNClientRootCertificate{{Name: reference("lab-root"), PublicCertData: root}}
	}
	if l.options.has(azurezip.Entra) {
		client.VPNAuthenticationTypes = append(client.VPNAuthenticationTypes, reference(armnetwork.VPNAuthenticationTypeAAD))
		client.AADTenant, client.AADAudience, client.AADIssuer = reference(l.Entra.Authority()), reference(l.Entra.Audience()), reference(l.Entra.Issuer())
		configuration.AADAuthenticationParameters = &armnetwork.AADAuthenticationParameters{AADTenant: client.AADTenant, AADAudience: client.AADAudience, AADIssuer: client.AADIssuer}
	}
	if l.RADIUS != nil {
		client.VPNAuthenticationTypes = append(client.VPNAuthenticationTypes, reference(armnetwork.VPNAuthenticationTypeRadius))
		client.RadiusServerAddress, client.RadiusServerSecret = reference(l.RADIUS.Address().Addr().String()), reference(l.RADIUS.Secret())
		configuration.RadiusServerAddress, configuration.RadiusServerSecret = client.RadiusServerAddress, client.RadiusServerSecret
	}
	configuration.VPNAuthenticationTypes = client.VPNAuthenticationTypes
	wan := arm.ID(azureSubscription, "wan", "virtualWans", "lab-wan")
	hub := l.Azure.AddVirtualHub(azureSubscription, "wan", "lab-hub", wan)
	staff := l.Azure.AddServerConfiguration(azureSubscription, "wan", "staff", configuration)
	l.azureGateways = []string{
		l.Azure.AddVirtualNetworkGateway(azureSubscription, "network", "lab-gateway", armnetwork.VirtualNetworkGatewayPropertiesFormat{
			GatewayType: reference(armnetwork.VirtualNetworkGatewayTypeVPN), VPNType: reference(armnetwork.VPNTypeRouteBased),
			SKU:                    &armnetwork.VirtualNetworkGatewaySKU{Name: reference(armnetwork.VirtualNetworkGatewaySKUNameVPNGw2AZ)},
			VPNClientConfiguration: client,
		}),
		l.Azure.AddP2SVPNGateway(azureSubscription, "wan", "hub-gateway", armnetwork.P2SVPNGatewayProperties{
			VirtualHub: &armnetwork.SubResource{ID: &hub}, VPNServerConfiguration: &armnetwork.SubResource{ID: &staff},
			P2SConnectionConfigurations: []*armnetwork.P2SConnectionConfiguration{{Name: reference("default"),
				Properties: &armnetwork.P2SConnectionConfigurationProperties{VPNClientAddressPool: pools}}},
		}),
	}
}

func reference[T any](v T) *T { return &v }

// connectionPrefix begins the ids of sessions, as those of Azure's gateways do.
const connectionPrefix = "OVPN_"

// azureSessions are who is connected to the built-in gateway, as Azure tells it.
func (l *Lab) azureSessions() []armnetwork.VPNClientConnectionHealthDetail {
	var all []armnetwork.VPNClientConnectionHealthDetail
	for _, s := range l.BuiltIn.Sessions() {
		if !s.SignedIn {
			continue
		}
		all = append(all, armnetwork.VPNClientConnectionHealthDetail{
			VPNConnectionID: reference(connectionPrefix + strconv.FormatUint(uint64(s.ID), 10)), VPNUserName: &s.Name,
			PublicIPAddress: reference(s.Remote.String()), PrivateIPAddress: reference(s.IPv4.String()),
			VPNConnectionTime:       reference(s.Since.UTC().Format("2006-01-02T15:04:05")),
			VPNConnectionDuration:   reference(int64(time.Since(s.Since) / time.Second)),
			IngressBytesTransferred: reference(int64(s.BytesIn)), EgressBytesTransferred: reference(int64(s.BytesOut)),
			IngressPacketsTransferred: reference(int64(s.PacketsIn)), EgressPacketsTransferred: reference(int64(s.PacketsOut)),
		})
	}
	return all
}

// disconnect ends sessions of the built-in gateway. One that is gone meanwhile is no error, as with Azure.
func (l *Lab) disconnect(ids []string) {
	for _, id := range ids {
		number, err := strconv.ParseUint(strings.TrimPrefix(id, connectionPrefix), 10, 64)
		if err == nil {
			err = l.BuiltIn.Disconnect(gateway.ID(number), gateway.Close)
		}
		if err != nil && !errors.Is(err, gateway.ErrNoSession) {
			l.logger.Warn("session not ended", "id", id, "error", err)
		}
	}
}

// trustClients has the built-in gateway trust the roots that it was told, and refuse the certificates that were revoked, for connections to come.
func (l *Lab) trustClients(told armnetwork.VPNClientConfiguration) {
	if !l.options.has(azurezip.Certificate) {
		return
	}
	roots := x509.NewCertPool()
	for _, root := range told.VPNClientRootCertificates {
		if root == nil || root.Properties == nil || root.Properties.PublicCertData == nil {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(*root.Properties.PublicCertData)
		if err != nil {
			continue
		}
		if parsed, err := x509.ParseCertificate(der); err == nil {
			roots.AddCert(parsed)
		}
	}
	var revoked []string
	for _, one := range told.VPNClientRevokedCertificates {
		if one != nil && one.Properties != nil && one.Properties.Thumbprint != nil {
			revoked = append(revoked, strings.ToLower(*one.Properties.Thumbprint))
		}
	}
	config := l.clientTLS()
	config.ClientCAs = roots
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return nil
		}
		sum := sha1.Sum(state.PeerCertificates[0].Raw)
		if thumbprint := hex.EncodeToString(sum[:]); slices.Contains(revoked, thumbprint) {
			return fmt.Errorf("the certificate %s is revoked", thumbprint)
		}
		return nil
	}
	l.BuiltIn.SetTLS(config)
}
