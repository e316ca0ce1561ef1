package identity

import (
	"crypto/tls"
	"time"
)

// Options are what a TLS session with a gateway needs. Verifier is required.
type Options struct {
	Verifier *Verifier
	// Certificate is the client's with its intermediates; nil: none is sent. Its key may be any crypto.Signer.
	Certificate *tls.Certificate
	// MinVersion and MaxVersion are crypto/tls versions; 0: TLS 1.2, and the newest.
	MinVersion, MaxVersion uint16
	// SmallHello offers no post-quantum key exchange, whose key makes the first message too long for a single control packet; some gateways stall at that.
	SmallHello bool
}

// TLSConfig returns the client's configuration for the control channel. The server's name is sent as the official client does; whether the
// server is the gateway is for the Verifier alone to say, before the client proves who it is.
func TLSConfig(options Options) *tls.Config {
	v := options.Verifier
	config := &tls.Config{
		ServerName:                  v.host, // crypto/tls sends no IP address
		InsecureSkipVerify:          true,   // VerifyConnection does it, by the profile's rules
		VerifyConnection:            v.VerifyConnection,
		MinVersion:                  max(options.MinVersion, tls.VersionTLS12),
		MaxVersion:                  options.MaxVersion,
		CipherSuites:                cipherSuites(),
		DynamicRecordSizingDisabled: true, // records need not fit packets of TCP here
		Time:                        func() time.Time { return v.now() },
	}
	if options.SmallHello {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}
	if certificate := options.Certificate; certificate != nil {
		// Sent whatever authorities the gateway names: its list may be empty or out of date, and it decides anyway.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return config
}

// cipherSuites are those of TLS 1.2 that an Azure gateway's policy names (about-point-to-site, "TLS policies"), and what other OpenVPN servers add. All
// have forward secrecy. The suites of TLS 1.3 cannot be chosen.
func cipherSuites() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	}
}
