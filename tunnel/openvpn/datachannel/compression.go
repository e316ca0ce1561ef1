package datachannel

import "errors"

// Compression is the framing that old configurations put around each packet. Nothing is ever compressed (VORACLE).
type Compression string

// The framings (OpenVPN comp.h, compstub.c).
const (
	NoCompression Compression = ""
	CompLZO       Compression = "comp-lzo" // comp-lzo no: a byte in front
	Stub          Compression = "stub"     // compress, compress stub: a byte in front, and the byte it displaces at the end
	StubV2        Compression = "stub-v2"  // compress stub-v2: nothing, but for packets that begin like a frame
)

// The bytes of the framings.
const (
	uncompressedByte     = 0xfa
	uncompressedSwapByte = 0xfb
	stubV2Byte           = 0x50
)

// errCompressed says that the peer compressed a packet although it was told that we do not understand that.
var errCompressed = errors.New("packet is compressed")

// overhead is the most that frame adds, in bytes.
func (c Compression) overhead() int {
	switch c {
	case CompLZO, Stub:
		return 1
	case StubV2:
		return 2
	default:
		return 0
	}
}

// frame appends a packet with its framing.
func (c Compression) frame(b, packet []byte) []byte {
	switch {
	case c == CompLZO:
		b = append(b, uncompressedByte)
	case c == Stub && len(packet) > 0:
		b = append(b, uncompressedSwapByte)
		b = append(b, packet[1:]...)
		return append(b, packet[0])
	case c == StubV2 && len(packet) > 0 && packet[0] == stubV2Byte:
		b = append(b, stubV2Byte, 0)
	}
	return append(b, packet...)
}

// unframe removes the framing. What it returns lies within packet, whose bytes may be moved.
func (c Compression) unframe(packet []byte) ([]byte, error) {
	if c == NoCompression || len(packet) == 0 {
		return packet, nil
	}
	first, rest := packet[0], packet[1:]
	switch {
	case c == StubV2 && first != stubV2Byte:
		return packet, nil
	case c == StubV2 && len(rest) > 0 && rest[0] == 0:
		return rest[1:], nil
	case c == StubV2:
		return nil, errCompressed
	case first == uncompressedByte: // both framings of old peers may stand for "not compressed"
		return rest, nil
	case first == uncompressedSwapByte && len(rest) > 0:
		packet[0] = rest[len(rest)-1]
		return packet[:len(packet)-1], nil
	default:
		return nil, errCompressed
	}
}
