package packet

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// Opcode is the kind of a packet, the upper five bits of its first byte (OpenVPN draft, "Control Channel OPCODEs";
// OpenVPN ssl_pkt.h). Opcodes 1 and 2 belonged to key method 1 and no longer exist.
type Opcode uint8

// The opcodes of the protocol.
const (
	SoftResetV1       Opcode = 3  // a new key for a running session
	ControlV1         Opcode = 4  // TLS records
	AckV1             Opcode = 5  // acknowledgements only
	DataV1            Opcode = 6  // a tunnelled packet
	HardResetClientV2 Opcode = 7  // a client begins a session
	HardResetServerV2 Opcode = 8  // the server's answer
	DataV2            Opcode = 9  // a tunnelled packet with the peer id
	HardResetClientV3 Opcode = 10 // a client begins a session, its wrapped tls-crypt-v2 key follows
	ControlWKCV1      Opcode = 11 // ControlV1 with the wrapped tls-crypt-v2 key after it
)

// MaxKeyID is the largest key id: it has three bits.
const MaxKeyID = 7

// IsData reports whether packets of this kind belong to the data channel.
func (o Opcode) IsData() bool { return o == DataV1 || o == DataV2 }

// IsControl reports whether packets of this kind belong to the control channel.
func (o Opcode) IsControl() bool { return o >= SoftResetV1 && o <= ControlWKCV1 && !o.IsData() }

// IsHardReset reports whether packets of this kind begin a session.
func (o Opcode) IsHardReset() bool {
	return o == HardResetClientV2 || o == HardResetServerV2 || o == HardResetClientV3
}

// CarriesWrappedKey reports whether a wrapped tls-crypt-v2 client key follows packets of this kind.
func (o Opcode) CarriesWrappedKey() bool { return o == HardResetClientV3 || o == ControlWKCV1 }

// String is the name the OpenVPN draft gives the opcode.
func (o Opcode) String() string {
	switch o {
	case SoftResetV1:
		return "SOFT_RESET_V1"
	case ControlV1:
		return "CONTROL_V1"
	case AckV1:
		return "ACK_V1"
	case DataV1:
		return "DATA_V1"
	case HardResetClientV2:
		return "HARD_RESET_CLIENT_V2"
	case HardResetServerV2:
		return "HARD_RESET_SERVER_V2"
	case DataV2:
		return "DATA_V2"
	case HardResetClientV3:
		return "HARD_RESET_CLIENT_V3"
	case ControlWKCV1:
		return "CONTROL_WKC_V1"
	}
	return fmt.Sprintf("opcode %d", uint8(o))
}

// FirstByte is the first byte of a packet.
func FirstByte(opcode Opcode, keyID uint8) byte { return byte(opcode)<<3 | keyID&MaxKeyID }

// ParseFirstByte splits the first byte of a packet. Opcodes that do not exist are returned as they are.
func ParseFirstByte(b byte) (Opcode, uint8) { return Opcode(b >> 3), b & MaxKeyID }

// IsData reports whether a received packet belongs to the data channel, by its first byte alone.
func IsData(packet []byte) bool { return len(packet) > 0 && Opcode(packet[0]>>3).IsData() }

// IsControl reports whether a received packet belongs to the control channel, by its first byte alone.
func IsControl(packet []byte) bool { return len(packet) > 0 && Opcode(packet[0]>>3).IsControl() }

// NextKeyID is the key id that follows in a session: 0 is only its first key, then 1 to 7 and again from 1.
func NextKeyID(keyID uint8) uint8 { return keyID%MaxKeyID + 1 }

// SessionIDSize is the length of a session id on the wire, in bytes.
const SessionIDSize = 8

// SessionID names one side of a session; each side draws its own. The zero value means none.
type SessionID [SessionIDSize]byte

// NewSessionID draws a session id.
func NewSessionID() SessionID {
	var id SessionID
	for id.IsZero() {
		rand.Read(id[:]) // never fails, see crypto/rand
	}
	return id
}

// IsZero reports whether there is no session id.
func (s SessionID) IsZero() bool { return s == SessionID{} }

// String is the session id in hexadecimal digits.
func (s SessionID) String() string { return hex.EncodeToString(s[:]) }
