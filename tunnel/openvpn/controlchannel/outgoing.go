package controlchannel

import (
	"fmt"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
)

// Outgoing returns the wrapped packets to send now: messages due for the first time or again, with acknowledgements on
// them, then the acknowledgements that found no place. The packets belong to the caller.
func (c *Channel) Outgoing() [][]byte {
	if c.err != nil && !c.farewell {
		return nil
	}
	var packets [][]byte
	for {
		c.queueTLS()
		m, ok := c.sender.Due(c.now)
		if !ok {
			break
		}
		packets = c.appendWrapped(packets, &packet.Control{
			Opcode:  m.Opcode,
			Acks:    c.acks.Take(nil, reliable.MaxAcksWithMessage, !c.config.Stream),
			ID:      m.ID,
			Payload: m.Payload,
		})
	}
	for c.acks.Pending() > 0 {
		packets = c.appendWrapped(packets, &packet.Control{
			Opcode: packet.AckV1,
			Acks:   c.acks.Take(nil, c.maxAcksAlone(), !c.config.Stream),
		})
	}
	return packets
}

// maxAcksAlone is how many acknowledgements a packet of its own carries. On a stream nothing gets lost, and nothing
// is gained by more than the number that every server takes.
func (c *Channel) maxAcksAlone() int {
	if c.config.Stream {
		return reliable.MaxAcksWithMessage
	}
	return packet.MaxAcks
}

// queueTLS cuts what TLS has for the peer into messages, as many as the send window takes.
func (c *Channel) queueTLS() {
	for c.started && c.sender.Room() > 0 && c.engine.status().outgoing > 0 {
		opcode := packet.ControlV1
		if c.resendKey && c.sender.Next() == 1 {
			opcode = packet.ControlWKCV1
		}
		if err := c.sender.Queue(c.now, opcode, c.engine.takeOutgoing(c.maxPayload(opcode))); err != nil {
			c.fail(fmt.Errorf("queue control packet: %w", err))
			return
		}
	}
}

// maxPayload is how much of TLS one message carries, in bytes.
func (c *Channel) maxPayload(opcode packet.Opcode) int {
	around := networkHeaders + packet.HeaderSize() + packet.BodySize(opcode, reliable.MaxAcksWithMessage) + c.config.Wrap.Overhead(opcode)
	return max(c.config.MaxPacket-around, minPayload)
}

func (c *Channel) appendWrapped(packets [][]byte, p *packet.Control) [][]byte {
	p.KeyID = c.config.KeyID
	p.Session = c.config.LocalSession
	p.PeerSession = c.remote
	wrapped, err := c.config.Wrap.Wrap(c.now, nil, p)
	if err != nil {
		c.fail(fmt.Errorf("wrap control packet: %w", err))
		return packets
	}
	return append(packets, wrapped)
}
