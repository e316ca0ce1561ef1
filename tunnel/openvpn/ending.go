package openvpn

import (
	"crypto/tls"
	"errors"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// fail ends the session. What TLS has still to say goes out with the next Outgoing.
func (c *Client) fail(failure *Failure) {
	if c.ended() {
		return
	}
	failure.Stage = c.stage
	c.failure = failure
	c.end()
	c.emit(Failed{Failure: failure})
	c.config.Logger.Info("session ended", "stage", failure.Stage.String(), "reason", failure.Error())
}

// end closes every key and keeps what there is still to send.
func (c *Client) end() {
	for _, key := range c.keys() {
		c.drop(key)
	}
	c.next, c.current, c.retired = nil, nil, nil
	c.sign.credential, c.sign.asked = nil, false
}

// Failure is why the session ended; nil while it lasts and after Close.
func (c *Client) Failure() *Failure { return c.failure }

// explain says what the end of a control channel means to the user.
func (c *Client) explain(err error) *Failure {
	failure := &Failure{Err: err}
	var tlsError *controlchannel.TLSError
	switch {
	case c.stage == StageEstablished:
		failure.Code, failure.Temporary = RenegotiationFailed, true
		if errors.As(err, &tlsError) && tlsError.Remote && tlsError.Alert == 0 {
			failure.Code = ConnectionClosed
		}
	case errors.Is(err, controlchannel.ErrNoAnswer):
		failure.Code, failure.Temporary = NoAnswer, true
		if c.strange > 0 {
			failure.Code = NotOpenVPN
		}
	case errors.Is(err, controlchannel.ErrTLSStalled):
		failure.Code, failure.Temporary = TLSStalled, true
	case errors.Is(err, controlchannel.ErrSignatureStalled):
		failure.Code = SignerFailed
	case errors.As(err, &tlsError):
		failure.Code = c.explainTLS(tlsError)
	default:
		failure.Code = TLSFailed
	}
	return failure
}

// Alerts about certificates (RFC 8446, section 6).
const (
	alertCloseNotify         tls.AlertError = 0
	alertHandshakeFailure    tls.AlertError = 40
	alertBadCertificate      tls.AlertError = 42
	alertUnsupported         tls.AlertError = 43
	alertRevoked             tls.AlertError = 44
	alertExpired             tls.AlertError = 45
	alertCertificateUnknown  tls.AlertError = 46
	alertUnknownCA           tls.AlertError = 48
	alertAccessDenied        tls.AlertError = 49
	alertCertificateRequired tls.AlertError = 116
)

// explainTLS tells apart who refused whom.
func (c *Client) explainTLS(err *controlchannel.TLSError) Code {
	if !err.Remote {
		switch {
		case errors.As(err.Err, new(*gatewayRefusal)), errors.As(err.Err, new(*tls.CertificateVerificationError)):
			return GatewayRefused
		case errors.As(err.Err, new(*signerFailure)), strings.Contains(err.Err.Error(), "failed to sign handshake"):
			return SignerFailed
		}
		return TLSFailed
	}
	switch err.Alert {
	case alertCloseNotify:
		return c.closedCode()
	case alertExpired:
		return CertificateExpired
	case alertCertificateRequired:
		return CertificateMissing
	case alertBadCertificate, alertUnsupported, alertRevoked, alertCertificateUnknown, alertUnknownCA, alertAccessDenied:
		return CertificateRefused
	case alertHandshakeFailure: // what TLS 1.2 says to a client without a certificate, among other things
		if len(c.config.TLS.Certificates) == 0 && c.config.TLS.GetClientCertificate == nil && !c.config.AsksCredential {
			return CertificateMissing
		}
	}
	return TLSFailed
}

// TransportClosed says that the connection to the gateway is gone, and why. What that means depends on the stage.
func (c *Client) TransportClosed(now time.Time, err error) {
	if c.ended() {
		return
	}
	c.process(now)
	if c.life.closing {
		c.closed()
		return
	}
	c.fail(&Failure{Code: c.closedCode(), Temporary: c.stage == StageEstablished, Err: err})
}

// closedCode is what it means that the gateway hangs up at this stage.
func (c *Client) closedCode() Code {
	switch c.stage {
	case StageIdle:
		return ConnectionClosed
	case StageReset:
		if c.strange > 0 {
			return NotOpenVPN
		}
		return ClosedAfterReset
	case StageTLS:
		return ClosedDuringTLS
	case StageKeyMaterial, StagePush:
		return ClosedAfterKeyMaterial
	}
	return ConnectionClosed
}

// exitWait is how long Close waits for the gateway to acknowledge that we leave.
const exitWait = time.Second

// Close ends the session and tells the gateway so, where it can be told. Closed follows at once or, where the gateway has to
// acknowledge, within a second; until then the session wants to be driven.
func (c *Client) Close(now time.Time) {
	if c.ended() || c.life.closing {
		return
	}
	if !c.notifyExit(now) {
		c.closed()
		return
	}
	c.life.closing = true
	c.life.closeAt = now.Add(exitWait)
}

// notifyExit says that we leave: EXIT on the control channel where both ends announced it, otherwise, over datagrams, in
// the data channel. It reports whether the control channel needs time to deliver it. A gateway over a stream sees it end.
func (c *Client) notifyExit(now time.Time) bool {
	if c.stage != StageEstablished {
		return false
	}
	if c.pull.options.ProtocolFlags.CCExit {
		c.send(push.Exit{})
		return true
	}
	if !c.config.Stream {
		for range c.exitNotices() {
			c.sendExit(now)
		}
	}
	return false
}

// exitNotices is how many exit notices go out: one, unless the gateway or the profile wants more.
func (c *Client) exitNotices() int {
	return min(max(1, c.config.ExplicitExitNotify, c.pull.options.ExplicitExitNotify), 10)
}

// closed ends the session at our wish.
func (c *Client) closed() {
	c.end()
	c.stage = StageClosed
	c.emit(Closed{})
}
