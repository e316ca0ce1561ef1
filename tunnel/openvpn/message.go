package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// receiveMessage follows a control message.
func (c *Client) receiveMessage(now time.Time, message push.Message) {
	switch m := message.(type) {
	case push.Reply:
		c.receiveReply(now, m)
	case push.AuthFailed:
		c.authFailed(m)
	case push.AuthPending:
		c.extendPull(now, m)
	case push.Info:
		c.inform(m)
	case push.Restart:
		c.signalled(GatewayRestart, m.Reason, m.KeepCredential, m.NextServer)
	case push.Halt:
		c.signalled(GatewayHalt, m.Reason, m.KeepCredential, m.NextServer)
	case push.Exit:
		c.fail(&Failure{Code: GatewayExit, Temporary: true})
	case push.Unknown:
		c.config.Logger.Warn("gateway sent an unknown control message", "message", m.Raw)
	case push.Update:
		c.config.Logger.Warn("gateway sent PUSH_UPDATE, which was not announced")
	default: // what only clients send
		c.config.Logger.Warn("gateway sent a client's control message")
	}
}

// authFailed ends the session because the gateway does not accept the sign-in. A refused token is dropped, so that the next
// session asks (OpenVPN push.c, receive_auth_failed).
func (c *Client) authFailed(m push.AuthFailed) {
	failure := &Failure{Code: AuthFailed, Reason: m.Reason}
	switch {
	case m.Temporary:
		failure.Code, failure.Temporary = AuthTemporary, true
		failure.Backoff, failure.Advance = m.Backoff, m.Advance
	case m.Challenge != nil:
		failure.Code, failure.Challenge = AuthChallenge, m.Challenge
	case m.SessionExpired, c.sign.usedToken:
		failure.Code = AuthSessionExpired
		c.dropToken()
	}
	c.fail(failure)
}

// inform passes on what the gateway wants the user to see or do.
func (c *Client) inform(m push.Info) {
	switch {
	case m.Challenge != nil && m.Challenge.ResponseRequired:
		c.sign.challenge = m.Challenge
		c.sign.asked = false // it replaces an earlier one
		c.ask(ForChallenge)
	case m.Challenge != nil:
		c.emit(Info{Text: m.Challenge.Text})
	case m.Page != nil:
		c.emit(OpenURL{Page: *m.Page})
	case m.Message != "":
		c.emit(Info{Text: m.Message})
	}
}

// signalled ends the session because the gateway says so.
func (c *Client) signalled(code Code, reason string, keepCredential, nextServer bool) {
	failure := &Failure{Code: code, Reason: reason, Temporary: code == GatewayRestart, KeepCredential: keepCredential}
	if nextServer {
		failure.Advance = push.AdvanceServer
	}
	if !keepCredential {
		c.dropToken()
	}
	c.fail(failure)
}
