package pki

import (
	"crypto/x509"
	"fmt"
	"time"
)

// Set is what a P2S gateway with certificate authentication has: a public authority for the gateway, as DigiCert is for Azure's,
// and the organisation's own for its clients.
type Set struct {
	GatewayRoot         *Authority
	GatewayIntermediate *Authority
	Gateway             *Identity // RSA, "<vnet guid>.vpn.azure.com", below GatewayIntermediate
	ClientRoot          *Authority
	ClientIntermediate  *Authority
}

// NewSet makes the authorities and the gateway's certificate. gatewayName is its common name, "<vnet guid>.vpn.azure.com" with Azure.
func NewSet(gatewayName string) (*Set, error) {
	var s Set
	for _, step := range []func() error{
		func() (err error) { s.GatewayRoot, err = NewRoot("Lab Global Root G2", ECDSA); return },
		func() (err error) {
			s.GatewayIntermediate, err = s.GatewayRoot.NewIntermediate("Lab TLS CA1", ECDSA)
			return
		},
		func() (err error) {
			s.Gateway, err = s.GatewayIntermediate.Issue(Request{
				CommonName: gatewayName,
				DNSNames:   []string{gatewayName},
				Usage:      []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			})
			return
		},
		func() (err error) { s.ClientRoot, err = NewRoot("P2SRootCert", ECDSA); return },
		func() (err error) {
			s.ClientIntermediate, err = s.ClientRoot.NewIntermediate("P2SIssuingCert", ECDSA)
			return
		},
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &s, nil
}

func clientRequest(name string, key KeyType) Request {
	return Request{CommonName: name, Key: key, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
}

// Client makes a good client certificate directly below the client root.
func (s *Set) Client(name string, key KeyType) (*Identity, error) {
	return s.ClientRoot.Issue(clientRequest(name, key))
}

// ClientBelowIntermediate makes a good client certificate that needs its intermediate to be understood.
func (s *Set) ClientBelowIntermediate(name string, key KeyType) (*Identity, error) {
	return s.ClientIntermediate.Issue(clientRequest(name, key))
}

// ExpiredClient makes a client certificate that ended yesterday.
func (s *Set) ExpiredClient(name string) (*Identity, error) {
	request := clientRequest(name, ECDSA)
	request.NotBefore, request.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().AddDate(0, 0, -1)
	return s.ClientRoot.Issue(request)
}

// NotYetValidClient makes a client certificate that begins tomorrow.
func (s *Set) NotYetValidClient(name string) (*Identity, error) {
	request := clientRequest(name, ECDSA)
	request.NotBefore = time.Now().AddDate(0, 0, 1)
	return s.ClientRoot.Issue(request)
}

// ServerOnlyClient makes a certificate of the client root that is for servers (extended key usage).
func (s *Set) ServerOnlyClient(name string) (*Identity, error) {
	request := clientRequest(name, ECDSA)
	request.Usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return s.ClientRoot.Issue(request)
}

// UnknownClient makes a client certificate of a root that the gateway has never heard of but that has the client root's name.
func (s *Set) UnknownClient(name string) (*Identity, error) {
	stranger, err := NewRoot(s.ClientRoot.Certificate.Subject.CommonName, ECDSA)
	if err != nil {
		return nil, fmt.Errorf("make strange root: %w", err)
	}
	return stranger.Issue(clientRequest(name, ECDSA))
}
