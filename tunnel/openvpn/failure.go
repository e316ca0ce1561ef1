package openvpn

import (
	"fmt"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Stage is how far a session had come.
type Stage int

// The stages, in order.
const (
	StageIdle        Stage = iota // nothing was sent
	StageReset                    // the first packet is sent, not answered
	StageTLS                      // the gateway answered; TLS is being set up
	StageKeyMaterial              // TLS stands; key material and credential are sent
	StagePush                     // the gateway's key material is here; its configuration is awaited
	StageEstablished              // data flows
	StageClosed
)

// String names the stage.
func (s Stage) String() string {
	switch s {
	case StageIdle:
		return "idle"
	case StageReset:
		return "reset"
	case StageTLS:
		return "TLS"
	case StageKeyMaterial:
		return "key material"
	case StagePush:
		return "configuration"
	case StageEstablished:
		return "established"
	case StageClosed:
		return "closed"
	}
	return fmt.Sprintf("stage %d", int(s))
}

// Code names a way for a session to end.
type Code string

// The ways for a session to end.
const (
	NoAnswer               Code = "no answer to the reset"
	ClosedAfterReset       Code = "connection closed right after the reset" // a wrong tls-auth or tls-crypt key is met so
	NotOpenVPN             Code = "the answer is not OpenVPN"
	TLSStalled             Code = "TLS handshake stalled"
	ClosedDuringTLS        Code = "connection closed during the TLS handshake"
	TLSFailed              Code = "TLS handshake failed"          // for another reason than a certificate
	GatewayRefused         Code = "gateway's certificate refused" // by us; Err says why
	CertificateRefused     Code = "client certificate refused"    // by the gateway
	CertificateExpired     Code = "client certificate expired"    // said by the gateway
	CertificateMissing     Code = "client certificate missing"    // said by the gateway
	SignerFailed           Code = "client key did not sign"
	ClosedAfterKeyMaterial Code = "connection closed right after key material"
	NoKeyMaterial          Code = "no answer to key material"
	BadKeyMaterial         Code = "gateway's key material is malformed"
	AuthFailed             Code = "authentication failed"
	AuthSessionExpired     Code = "authentication token expired"          // or refused: sign in anew
	AuthTemporary          Code = "authentication temporarily impossible" // see Backoff
	AuthChallenge          Code = "authentication needs an answer"        // see Challenge
	CredentialCancelled    Code = "credential not provided"
	NoPushReply            Code = "no configuration from the gateway"
	PushRejected           Code = "configuration rejected"
	Unsupported            Code = "configuration not supported"
	ConnectionClosed       Code = "connection closed" // of an established session
	PingRestart            Code = "gateway silent"    // ping-restart: connect again
	PingExit               Code = "gateway silent, give up"
	RenegotiationFailed    Code = "renegotiation failed"
	GatewayRestart         Code = "gateway asked for a new connection"
	GatewayHalt            Code = "gateway ended the session"
	GatewayExit            Code = "gateway is leaving"
	SessionTimeout         Code = "session time limit"
	Inactive               Code = "session inactive"
	Internal               Code = "internal error"
)

// Failure says why a session ended. It is final for its Client.
type Failure struct {
	Code  Code
	Stage Stage
	// Reason is what the gateway said, made printable; empty: nothing.
	Reason string
	// Temporary says that the same may work later without anybody doing anything. Backoff is how long the gateway asked to wait; zero: it
	// did not ask.
	Temporary bool
	Backoff   time.Duration
	// Advance is what the gateway asked to try next.
	Advance push.Advance
	// KeepCredential says that the credential is not to be asked anew (RESTART,[P]).
	KeepCredential bool
	// Challenge is the question to answer with the next session's Config.Challenge; with AuthChallenge.
	Challenge *push.Challenge
	// Err is the cause where there is one.
	Err error
}

// Error implements error.
func (f *Failure) Error() string {
	var b strings.Builder
	b.WriteString(string(f.Code))
	if f.Reason != "" {
		b.WriteString(": " + f.Reason)
	}
	if f.Err != nil {
		b.WriteString(": " + f.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }
