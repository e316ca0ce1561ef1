package datachannel

import "bytes"

// Ping returns the payload that says only that its sender is alive (OpenVPN ping.c, ping_string).
func Ping() []byte {
	return []byte{0x2a, 0x18, 0x7b, 0xf3, 0x64, 0x1e, 0xb4, 0xcb, 0x07, 0xed, 0x2d, 0x0a, 0x98, 0x1f, 0xc7, 0x48}
}

// OCC is a message about options within the data channel (OpenVPN occ.h).
type OCC byte

// The messages of OCC that matter to us.
const (
	OCCRequest OCC = 0
	OCCReply   OCC = 1
	OCCExit    OCC = 6
)

// occMagic begins every OCC message (OpenVPN occ.c, occ_magic).
func occMagic() []byte {
	return []byte{0x28, 0x7f, 0x34, 0x6b, 0xd4, 0xef, 0x7a, 0x81, 0x2d, 0x56, 0xb8, 0xd3, 0xaf, 0xc5, 0x45, 0x9c}
}

// AppendOCC adds an OCC message with what follows it.
func AppendOCC(b []byte, message OCC, payload []byte) []byte {
	b = append(b, occMagic()...)
	b = append(b, byte(message))
	return append(b, payload...)
}

// InBand is a message to the session itself that came through the data channel.
type InBand struct {
	Message OCC
	Payload []byte
}

// Bounds of what is kept of in-band messages until the session takes them.
const (
	mostInBand     = 8
	longestInBand  = 2048
	shortestInBand = 17
)

// parseInBand recognises messages to the session. Those are not IP packets, whose first four bits are 4 or 6.
func (c *Channel) parseInBand(payload []byte) (InBand, bool) {
	if len(payload) < shortestInBand || len(payload) > longestInBand || !bytes.Equal(payload[:len(c.occMagic)], c.occMagic) {
		return InBand{}, false
	}
	return InBand{Message: OCC(payload[16]), Payload: bytes.Clone(payload[17:])}, true
}
