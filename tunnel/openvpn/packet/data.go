package packet

import "fmt"

// NoPeer is the peer id of a session that has none; its data packets are DATA_V1 (OpenVPN ssl.c, MAX_PEER_ID).
const NoPeer uint32 = 0xffffff

// DataHeaderSize is the length of a data packet's header for a peer id, in bytes.
func DataHeaderSize(peer uint32) int {
	if peer == NoPeer {
		return 1
	}
	return 4
}

// AppendDataHeader adds the header of a data packet: DATA_V2, or DATA_V1 for NoPeer.
func AppendDataHeader(b []byte, keyID uint8, peer uint32) []byte {
	if peer == NoPeer {
		return append(b, FirstByte(DataV1, keyID))
	}
	return append(b, FirstByte(DataV2, keyID), byte(peer>>16), byte(peer>>8), byte(peer))
}

// ParseDataHeader reads the header of a data packet: its key id, peer id (NoPeer for DATA_V1) and own length in bytes.
func ParseDataHeader(b []byte) (keyID uint8, peer uint32, size int, err error) {
	if len(b) < 1 {
		return 0, 0, 0, fmt.Errorf("read data header: %w", ErrTooShort)
	}
	opcode, keyID := ParseFirstByte(b[0])
	switch opcode {
	case DataV1:
		return keyID, NoPeer, 1, nil
	case DataV2:
		if len(b) < 4 {
			return 0, 0, 0, fmt.Errorf("read data header: %w", ErrTooShort)
		}
		return keyID, uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3]), 4, nil
	}
	return 0, 0, 0, fmt.Errorf("read data header: %w: %v", ErrOpcode, opcode)
}
