package openvpn

import (
	"math/rand/v2"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// renewalJitter is the part of reneg-sec by which a renegotiation may come early, as a divisor, so that clients that connected at the
// same moment do not renegotiate at the same moment (OpenVPN man page, reneg-sec).
const renewalJitter = 10

// promote makes a key the current one and the former current key a retired one.
func (c *Client) promote(now time.Time, key *key) {
	for _, old := range c.retired {
		c.drop(old)
	}
	c.retired = nil
	if c.current != nil {
		c.current.retireAt = now.Add(c.config.TransitionWindow)
		c.current.renewAt = time.Time{}
		c.retired = append(c.retired, c.current)
	}
	c.current, c.next = key, nil
	if after := c.config.RenegotiateAfter; after > 0 {
		key.renewAt = now.Add(after - rand.N(after/renewalJitter+1))
	}
}

// Renegotiate makes a new key for the running session. It does nothing before the session is established or
// while a renegotiation is under way.
func (c *Client) Renegotiate(now time.Time, reason string) {
	if c.ended() || c.stage != StageEstablished || c.next != nil || c.life.renegotiate {
		return
	}
	c.config.Logger.Info("renegotiate", "reason", reason)
	c.current.renewAt = time.Time{}
	c.startRenegotiation(now)
	c.process(now)
}

// startRenegotiation sends the soft reset, once there is a credential: the gateway does not wait for one.
func (c *Client) startRenegotiation(now time.Time) {
	if !c.haveSignIn() {
		c.life.renegotiate = true
		c.ask(ForRenegotiation)
		return
	}
	c.startKey(now, false)
}

// startKey begins the next key.
func (c *Client) startKey(now time.Time, byGateway bool) {
	c.life.renegotiate = false
	c.useKey(c.current) // the gateway has it for sure, and will retire the one before
	id := packet.NextKeyID(c.current.channel.KeyID())
	key, err := c.newKey(now, id, c.current.channel.RemoteSession(), c.wrapperFor(id))
	if err != nil {
		c.fail(&Failure{Code: Internal, Err: err})
		return
	}
	key.byGateway = byGateway
	c.current.renewAt = time.Time{}
	c.next = key
}

// softReset begins a renegotiation that the gateway wants.
func (c *Client) softReset(now time.Time, p packet.Control) {
	if c.stage != StageEstablished || c.next != nil || p.ID != 0 || p.Session != c.current.channel.RemoteSession() ||
		p.KeyID != packet.NextKeyID(c.current.channel.KeyID()) {
		return
	}
	c.config.Logger.Info("gateway renegotiates")
	c.startKey(now, true)
	if !c.ended() && !c.haveSignIn() {
		c.ask(ForRenegotiation)
	}
}

// agreeAnew makes a renegotiated key ready. The gateway may still be deciding about our credential and not yet read with it, so data is
// sealed with it after as long as OpenVPN gives that decision (ssl.c, auth_deferred_expire_window): hand-window, or half the time between renegotiations.
func (c *Client) agreeAnew(now time.Time, key *key) bool {
	if err := c.installKey(key); err != nil {
		c.fail(&Failure{Code: RenegotiationFailed, Err: err})
		return false
	}
	wait := c.config.HandshakeWindow
	if c.config.RenegotiateAfter > 0 {
		wait = min(wait, c.config.RenegotiateAfter/2)
	}
	if key.byGateway { // the gateway's time between renegotiations is not ours
		wait = min(wait, max(now.Sub(c.current.agreed)/2, c.config.TLSTimeout))
	}
	c.promote(now, key)
	key.useAt = now.Add(wait)
	c.emit(KeyChanged{KeyID: key.channel.KeyID(), ByGateway: key.byGateway})
	return true
}

// expire lets keys begin, renew and end by the clock.
func (c *Client) expire(now time.Time) {
	if next := c.next; next != nil && next.peer == nil && !next.limit.IsZero() && !now.Before(next.limit) {
		code := NoKeyMaterial
		if c.current != nil {
			code = RenegotiationFailed
		}
		c.fail(&Failure{Code: code, Temporary: true})
		return
	}
	if current := c.current; current != nil && c.stage == StageEstablished {
		if !current.inUse && !now.Before(current.useAt) {
			c.useKey(current)
		}
		if reason := c.renewalDue(now, current); reason != "" && c.next == nil && !c.life.renegotiate {
			c.Renegotiate(now, reason)
		}
	}
	kept := c.retired[:0]
	for _, old := range c.retired {
		if now.Before(old.retireAt) || old.inUse {
			kept = append(kept, old)
			continue
		}
		c.drop(old)
	}
	c.retired = kept
}

// renewalDue says why a key must be replaced, "" while it need not be.
func (c *Client) renewalDue(now time.Time, key *key) string {
	if !key.renewAt.IsZero() && !now.Before(key.renewAt) {
		return "its time is over"
	}
	return c.usageDue(key)
}
