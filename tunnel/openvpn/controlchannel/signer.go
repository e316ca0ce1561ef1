package controlchannel

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"io"
)

// adaptKeys declares slow whatever may ask the user or a device before it answers.
func (e *engine) adaptKeys(config *tls.Config) {
	if len(config.Certificates) > 0 {
		certificates := make([]tls.Certificate, len(config.Certificates))
		for i := range config.Certificates {
			certificates[i] = *e.adaptCertificate(&config.Certificates[i])
		}
		config.Certificates = certificates
	}
	if choose := config.GetClientCertificate; choose != nil {
		config.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			leave := e.enterSlow()
			defer leave()
			certificate, err := choose(request)
			if err != nil || certificate == nil {
				return certificate, err
			}
			return e.adaptCertificate(certificate), nil
		}
	}
	if choose := config.GetCertificate; choose != nil {
		config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := choose(hello)
			if err != nil || certificate == nil {
				return certificate, err
			}
			return e.adaptCertificate(certificate), nil
		}
	}
}

func (e *engine) adaptCertificate(certificate *tls.Certificate) *tls.Certificate {
	signer, ok := certificate.PrivateKey.(crypto.Signer)
	if !ok || isInMemory(signer) {
		return certificate
	}
	adapted := *certificate
	adapted.PrivateKey = slowSigner{signer, e}
	return &adapted
}

// isInMemory reports whether a key signs at once, without anybody else.
func isInMemory(signer crypto.Signer) bool {
	switch signer.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return true
	}
	return false
}

// slowSigner is a signer whose signatures do not hold up the owner of the engine.
type slowSigner struct {
	signer crypto.Signer
	engine *engine
}

func (s slowSigner) Public() crypto.PublicKey { return s.signer.Public() }

func (s slowSigner) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	leave := s.engine.enterSlow()
	defer leave()
	return s.signer.Sign(random, digest, options)
}

// SignMessage makes keys work that sign messages only, not digests (crypto.MessageSigner).
func (s slowSigner) SignMessage(random io.Reader, message []byte, options crypto.SignerOpts) ([]byte, error) {
	leave := s.engine.enterSlow()
	defer leave()
	return crypto.SignMessage(s.signer, random, message, options)
}
