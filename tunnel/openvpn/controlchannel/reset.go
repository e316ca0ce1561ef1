package controlchannel

import (
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
)

// The three-way handshake below TLS (OpenVPN draft, "Control Channel OPCODEs"; OpenVPN ssl.c, tls_pre_decrypt): each
// side's first message is a reset, and it sends TLS when the peer has acknowledged that.

// localReset is the kind of this side's reset.
func (c *Channel) localReset() packet.Opcode {
	switch {
	case c.config.KeyID != 0:
		return packet.SoftResetV1
	case c.config.Role == Server:
		return packet.HardResetServerV2
	}
	return c.config.Wrap.ClientReset()
}

// isRemoteReset reports whether the peer begins this key with packets of this kind.
func (c *Channel) isRemoteReset(opcode packet.Opcode) bool {
	switch {
	case c.config.KeyID != 0:
		return opcode == packet.SoftResetV1
	case c.config.Role == Server:
		return opcode == packet.HardResetClientV2 || opcode == packet.HardResetClientV3
	}
	return opcode == packet.HardResetServerV2
}

func (c *Channel) queueReset() {
	if err := c.sender.Queue(c.now, c.localReset(), nil); err != nil {
		c.fail(err)
	}
}

// admit decides whether a packet belongs to this key, and learns the remote session from the peer's hard reset.
func (c *Channel) admit(p packet.Control) bool {
	reset := c.isRemoteReset(p.Opcode)
	switch p.Opcode {
	case packet.AckV1:
	case packet.ControlV1, packet.ControlWKCV1:
		// A TLS server speaks when it is spoken to, and a client speaks when it is started.
		if p.ID == 0 || c.config.Role == Client && !c.started && !slices.Contains(p.Acks, 0) {
			return false
		}
	default:
		if !reset || p.ID != 0 {
			return false
		}
	}
	if p.Session == c.remote {
		if reset && !c.started && c.config.Role == Server {
			c.sender.Resend(c.now) // the client repeats itself, so it has missed the answer
		}
		return !c.remote.IsZero()
	}
	if !reset || c.config.KeyID != 0 || p.Session.IsZero() {
		return false
	}
	return c.learnSession(p)
}

// learnSession takes the remote session from a hard reset. A server's reset must answer this side's: anybody could
// send one. Old servers repeat theirs without the acknowledgement, so one without is taken until a better one comes.
func (c *Channel) learnSession(p packet.Control) bool {
	proved := slices.Contains(p.Acks, 0)
	switch {
	case c.remote.IsZero():
		c.remote = p.Session
		if c.config.Role == Server {
			c.queueReset()
			return true
		}
		c.provisional = !proved
		return true
	case c.provisional && proved && !c.started:
		c.remote, c.provisional = p.Session, false
		c.receiver, c.acks = reliable.NewReceiver(0), reliable.Acks{}
		return true
	}
	return false
}
