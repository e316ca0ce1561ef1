package tlswrap

import (
	"crypto/hmac"
	"fmt"
	"hash"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/digest"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// authentication is tls-auth: an HMAC over the replay packet id and the packet. On the wire the HMAC and the id stand
// between the packet's header and body (OpenVPN draft, "HMAC authentication of control channel packets"; OpenVPN
// ssl_pkt.c, swap_hmac).
type authentication struct {
	send, receive hash.Hash
	sum           []byte
}

func newAuthentication(key *StaticKey, name string, direction Direction) (*authentication, error) {
	newHash, err := digest.ByName(name)
	if err != nil {
		return nil, err
	}
	size := newHash().Size()
	send, receive := direction.pairs()
	return &authentication{
		send:    hmac.New(newHash, key.hmacKey(send)[:size]),
		receive: hmac.New(newHash, key.hmacKey(receive)[:size]),
	}, nil
}

func (a *authentication) overhead() int { return a.send.Size() + replayIDSize }

func (a *authentication) wrap(b []byte, id replayID, c *packet.Control) []byte {
	start := len(b)
	b = c.AppendHeader(b)
	sum := len(b)
	b = append(b, make([]byte, a.send.Size())...)
	authenticated := len(b)
	b = id.append(b)
	body := len(b)
	b = c.AppendBody(b)

	a.send.Reset()
	a.send.Write(b[authenticated:body])
	a.send.Write(b[start:sum])
	a.send.Write(b[body:])
	a.send.Sum(b[sum:sum])
	return b
}

func (a *authentication) unwrap(b []byte) (packet.Control, replayID, error) {
	c, rest, err := packet.ParseHeader(b)
	if err != nil {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	size := a.receive.Size()
	if len(rest) < size+replayIDSize {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, packet.ErrTooShort)
	}
	sum, id, body := rest[:size], rest[size:size+replayIDSize], rest[size+replayIDSize:]

	a.receive.Reset()
	a.receive.Write(id)
	a.receive.Write(b[:packet.HeaderSize()])
	a.receive.Write(body)
	a.sum = a.receive.Sum(a.sum[:0])
	if !hmac.Equal(sum, a.sum) {
		return packet.Control{}, replayID{}, ErrAuthentication
	}
	if err := c.ParseBody(body); err != nil {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, parseReplayID(id), nil
}
