package pump

import "encoding/binary"

// Sizes of IP headers without options, in bytes.
const (
	ipv4Header = 20
	ipv6Header = 40
)

// wholePacket returns an IP packet without what stands behind its end, or false for anything that is no whole packet: another version,
// or shorter than it says. What the gateway sends is input like any other, and the device would hand it to the system.
func wholePacket(p []byte) ([]byte, bool) {
	if len(p) < ipv4Header {
		return nil, false
	}
	size, least := 0, 0
	switch p[0] >> 4 {
	case 4:
		size, least = int(binary.BigEndian.Uint16(p[2:])), max(ipv4Header, int(p[0]&0x0f)*4)
	case 6:
		if len(p) < ipv6Header {
			return nil, false
		}
		size = ipv6Header + int(binary.BigEndian.Uint16(p[4:]))
	default:
		return nil, false
	}
	if size < least || size > len(p) {
		return nil, false
	}
	return p[:size], true
}
