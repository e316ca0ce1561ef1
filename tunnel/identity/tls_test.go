package identity

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// verifierFor trusts the PKI's new root by its pin.
func verifierFor(t *testing.T, p *pki, host string) *Verifier {
	t.Helper()
	v, err := NewVerifier(profiles.GatewayIdentity{RootThumbprints: []string{Thumbprint(p.newRoot.certificate)}, Roots: chainOf(p.newRoot), DeriveName: true, RequireServerEKU: true}, host)
	if err != nil {
		t.Fatal(err)
	}
	v.Now = func() time.Time { return fixedNow }
	return v
}

func serverConfig(p *pki, server authority) *tls.Config {
	clients := x509.NewCertPool()
	clients.AddCert(p.strangeRoot.certificate) // whose names the client is told, and must not heed
	return &tls.Config{Certificates: []tls.Certificate{*tlsCertificate(server, p.issuing)}, ClientAuth: tls.RequireAnyClientCert, ClientCAs: clients,
		Time: func() time.Time { return fixedNow }}
}

func TestHandshake(t *testing.T) {
	p := newPKI(t)
	clientRoot := sign(t, newKey(t), "Client Root", nil, isCA)
	clientIssuing := sign(t, newKey(t), "Client Issuing", &clientRoot, isCA)
	client := sign(t, newKey(t), "ann", &clientIssuing, usages(x509.ExtKeyUsageClientAuth))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, small := range []bool{false, true} {
			server := serverConfig(p, p.server(t, vnetName))
			var hello *tls.ClientHelloInfo
			server.GetConfigForClient = func(info *tls.ClientHelloInfo) (*tls.Config, error) {
				hello = info
				return nil, nil
			}
			config := TLSConfig(Options{Verifier: verifierFor(t, p, azureHost), Certificate: tlsCertificate(client, clientIssuing), MaxVersion: version, SmallHello: small})
			state, serverState, err, serverErr := shake(config, server)
			if err != nil || serverErr != nil {
				t.Fatalf("%x: client %v, server %v", version, err, serverErr)
			}
			if state.Version != version || hello.ServerName != azureHost {
				t.Errorf("version %x, server name %q", state.Version, hello.ServerName)
			}
			if got := serverState.PeerCertificates; len(got) != 2 || !got[0].Equal(client.certificate) || !got[1].Equal(clientIssuing.certificate) {
				t.Errorf("the server got %d client certificates", len(got))
			}
			if postQuantum := slices.Contains(hello.SupportedCurves, tls.X25519MLKEM768); postQuantum == small && version == tls.VersionTLS13 {
				t.Errorf("small hello %v: groups %v", small, hello.SupportedCurves)
			}
		}
	}
}

// Every suite of TLS 1.2 that the gateway's policy names is spoken, and those without forward secrecy are not.
func TestSuites(t *testing.T) {
	p := newPKI(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := p.server(t, vnetName).certificate
	raw, err := x509.CreateCertificate(rand.Reader, template, p.issuing.certificate, &rsaKey.PublicKey, p.issuing.key)
	if err != nil {
		t.Fatal(err)
	}
	rsaServer := tls.Certificate{Certificate: [][]byte{raw, p.issuing.certificate.Raw}, PrivateKey: rsaKey}
	for _, suite := range cipherSuites() {
		server := serverConfig(p, p.server(t, vnetName))
		server.ClientAuth, server.MaxVersion, server.CipherSuites = tls.NoClientCert, tls.VersionTLS12, []uint16{suite}
		if strings.Contains(tls.CipherSuiteName(suite), "_RSA_") {
			server.Certificates = []tls.Certificate{rsaServer}
		}
		state, _, err, _ := shake(TLSConfig(Options{Verifier: verifierFor(t, p, azureHost)}), server)
		if err != nil || state.CipherSuite != suite {
			t.Errorf("%s: %v", tls.CipherSuiteName(suite), err)
		}
	}
	for _, suite := range append(tls.InsecureCipherSuites(), tls.CipherSuites()...) {
		if name := suite.Name; len(name) > 8 && name[:8] == "TLS_RSA_" && slices.Contains(cipherSuites(), suite.ID) {
			t.Errorf("%s is offered", name)
		}
	}
}

// A gateway that is not the profile's is refused before the client's certificate is sent.
func TestHandshakeRefused(t *testing.T) {
	p := newPKI(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := serverConfig(p, p.server(t, "other.example"))
		client := sign(t, newKey(t), "ann", nil)
		config := TLSConfig(Options{Verifier: verifierFor(t, p, azureHost), Certificate: tlsCertificate(client), MaxVersion: version})
		_, serverState, err, serverErr := shake(config, server)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != WrongName {
			t.Errorf("%x: client %v", version, err)
		}
		if serverErr == nil || len(serverState.PeerCertificates) != 0 {
			t.Errorf("%x: the server saw %d certificates, error %v", version, len(serverState.PeerCertificates), serverErr)
		}
	}
}

func TestVersions(t *testing.T) {
	p := newPKI(t)
	server := serverConfig(p, p.server(t, vnetName))
	server.ClientAuth, server.MinVersion, server.MaxVersion = tls.NoClientCert, tls.VersionTLS10, tls.VersionTLS11
	if _, _, err, _ := shake(TLSConfig(Options{Verifier: verifierFor(t, p, azureHost), MinVersion: tls.VersionTLS10}), server); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	server.MaxVersion = tls.VersionTLS12
	if _, _, err, _ := shake(TLSConfig(Options{Verifier: verifierFor(t, p, azureHost), MinVersion: tls.VersionTLS13}), server); err == nil {
		t.Error("TLS 1.2 was accepted although 1.3 is the least")
	}
}

// An address is not sent as a server's name (RFC 6066 section 3).
func TestNoServerNameForAddress(t *testing.T) {
	p := newPKI(t)
	server := serverConfig(p, p.server(t, "192.0.2.7"))
	server.ClientAuth = tls.NoClientCert
	var name *string
	server.GetConfigForClient = func(info *tls.ClientHelloInfo) (*tls.Config, error) {
		name = &info.ServerName
		return nil, nil
	}
	if _, _, err, _ := shake(TLSConfig(Options{Verifier: verifierFor(t, p, "192.0.2.7")}), server); err != nil || name == nil || *name != "" {
		t.Errorf("error %v, name %v", err, name)
	}
}
