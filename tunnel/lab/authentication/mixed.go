// Package authentication decides about logins for the lab's gateways as Azure's do: by certificate, by Entra access token, and by asking a RADIUS
// server, alone or mixed on one gateway.
package authentication

import (
	"context"
	"crypto/tls"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Methods are the ways into a gateway. nil or false: not this way.
type Methods struct {
	Certificate bool // a client certificate that TLS accepted
	Entra       gateway.Authenticator
	RADIUS      gateway.Authenticator
}

// Authenticator lets everybody in who has one of the ways: the user name AzureAD means an access token, any other one a user of the RADIUS server,
// and none at all a certificate.
func (m Methods) Authenticator() gateway.Authenticator {
	return func(ctx context.Context, login gateway.Login) (gateway.Decision, error) {
		switch {
		case login.Username == EntraUsername && m.Entra != nil:
			return m.Entra(ctx, login)
		case login.Username != "" && login.Username != EntraUsername && m.RADIUS != nil:
			return m.RADIUS(ctx, login)
		case m.Certificate && login.ClientCertificate != nil:
			return gateway.Decision{Outcome: gateway.Accept, Name: login.ClientCertificate.Subject.CommonName}, nil
		}
		return refuse(""), nil
	}
}

// ClientAuth is what TLS must ask of clients: a certificate where that is the only way.
func (m Methods) ClientAuth() tls.ClientAuthType {
	switch {
	case !m.Certificate:
		return tls.NoClientCert
	case m.Entra == nil && m.RADIUS == nil:
		return tls.RequireAndVerifyClientCert
	}
	return tls.VerifyClientCertIfGiven
}

func refuse(reason string) gateway.Decision {
	return gateway.Decision{Outcome: gateway.Reject, Refusal: push.AuthFailed{Reason: reason}}
}
