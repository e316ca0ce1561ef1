package controlchannel

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// What the handshake was waiting for when its window closed.
var (
	// ErrNoAnswer: the peer never answered the reset. It is not there, or drops packets that another tls-auth or
	// tls-crypt key protects.
	ErrNoAnswer = errors.New("peer did not answer the reset")
	// ErrTLSStalled: the peer answered, but the TLS handshake did not come to an end.
	ErrTLSStalled = errors.New("TLS handshake did not finish")
	// ErrSignatureStalled: the holder of this side's private key did not sign in time.
	ErrSignatureStalled = errors.New("signature for the TLS handshake was not given")
)

// ErrClosed says that the channel was closed by its owner.
var ErrClosed = errors.New("control channel is closed")

// TLSError is why TLS failed. It wraps crypto/tls's error, for example a *tls.CertificateVerificationError.
type TLSError struct {
	// Established says that it failed after the handshake, as this side saw it. A server's verdict about a client
	// certificate comes after it in TLS 1.3.
	Established bool
	// Remote says that the peer ended the connection, with Alert.
	Remote bool
	// Alert is what the peer said, for example 42, "bad certificate", or 0, "close notify" (RFC 8446 section 6). It
	// is valid only if Remote.
	Alert tls.AlertError
	Err   error
}

func newTLSError(err error, established bool) *TLSError {
	e := &TLSError{Established: established, Err: err}
	var op *net.OpError
	switch {
	case errors.Is(err, io.EOF):
		e.Remote = true
	case errors.As(err, &op) && op.Op == "remote error":
		e.Remote = true
		e.Alert = alertOf(op.Err)
	}
	return e
}

// alertOf finds the alert by its text: crypto/tls keeps the type of alerts that arrive to itself.
func alertOf(err error) tls.AlertError {
	for code := range 256 {
		if alert := tls.AlertError(code); alert.Error() == err.Error() {
			return alert
		}
	}
	return tls.AlertError(80) // internal_error; crypto/tls has a text for every number
}

// Error says which side ended TLS and why.
func (e *TLSError) Error() string {
	switch {
	case e.Remote && e.Alert == 0:
		return "peer closed TLS"
	case e.Remote:
		return fmt.Sprintf("peer ended TLS: %v", e.Alert)
	case e.Established:
		return fmt.Sprintf("read TLS: %v", e.Err)
	}
	return fmt.Sprintf("TLS handshake: %v", e.Err)
}

// Unwrap is crypto/tls's error.
func (e *TLSError) Unwrap() error { return e.Err }
