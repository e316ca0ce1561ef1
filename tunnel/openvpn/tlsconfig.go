package openvpn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// gatewayRefusal marks the verdict of the caller's own checks of the gateway's certificate.
type gatewayRefusal struct{ err error }

func (g *gatewayRefusal) Error() string { return g.err.Error() }
func (g *gatewayRefusal) Unwrap() error { return g.err }

// signerFailure marks that the caller could not give a client certificate.
type signerFailure struct{ err error }

func (s *signerFailure) Error() string { return "get client certificate: " + s.err.Error() }
func (s *signerFailure) Unwrap() error { return s.err }

// adaptTLS makes the caller's TLS configuration behave as a session needs it.
func adaptTLS(original *tls.Config, hello Hello, small bool) *tls.Config {
	config := original.Clone()
	if small {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	}
	if hello == AzureHello && config.NextProtos == nil {
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	if verify := config.VerifyConnection; verify != nil {
		config.VerifyConnection = func(state tls.ConnectionState) error {
			if err := verify(state); err != nil {
				return &gatewayRefusal{err}
			}
			return nil
		}
	}
	if verify := config.VerifyPeerCertificate; verify != nil {
		config.VerifyPeerCertificate = func(raw [][]byte, chains [][]*x509.Certificate) error {
			if err := verify(raw, chains); err != nil {
				return &gatewayRefusal{err}
			}
			return nil
		}
	}
	config.GetClientCertificate = clientCertificate(config)
	return config
}

// clientCertificate chooses the client's certificate. crypto/tls by itself sends none where the gateway's list of acceptable CAs does not name
// the issuer of a certificate that it was given; gateways send lists that are not complete, and OpenVPN takes no notice of them.
func clientCertificate(config *tls.Config) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	if get := config.GetClientCertificate; get != nil {
		return func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			certificate, err := get(request)
			if err != nil {
				return nil, &signerFailure{err}
			}
			if certificate == nil {
				return nil, &signerFailure{errors.New("there is none")}
			}
			return certificate, nil
		}
	}
	if len(config.Certificates) == 0 {
		return nil
	}
	certificates := config.Certificates
	return func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		anyCA := *request
		anyCA.AcceptableCAs = nil
		for i := range certificates {
			if anyCA.SupportsCertificate(&certificates[i]) == nil {
				return &certificates[i], nil
			}
		}
		return &certificates[0], nil
	}
}
