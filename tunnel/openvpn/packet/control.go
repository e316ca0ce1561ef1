package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits of control packets.
const (
	// MaxAcks is how many acknowledgements one packet carries (OpenVPN reliable.h, RELIABLE_ACK_SIZE).
	MaxAcks = 8
	// MaxControlSize is the largest control packet that is read, in bytes. Peers keep to 1250, or 2048 at most.
	MaxControlSize = 16 << 10

	headerSize = 1 + SessionIDSize
)

// Errors of the parsers.
var (
	ErrTooShort    = errors.New("packet is too short")
	ErrTooLong     = errors.New("packet is too long")
	ErrTooManyAcks = errors.New("packet has too many acknowledgements")
	ErrOpcode      = errors.New("packet has an unexpected opcode")
)

// Control is a control packet, unwrapped (OpenVPN draft, "General Control channel format").
type Control struct {
	Opcode      Opcode
	KeyID       uint8
	Session     SessionID // the sender's
	Acks        []uint32  // ids of the receiver's packets that have arrived
	PeerSession SessionID // the receiver's; on the wire only with Acks
	ID          uint32    // message packet id, counted from 0 for each key; AckV1 has none
	Payload     []byte    // TLS records, or what a reset says about the sender
}

// Append adds the packet in the clear.
func (c *Control) Append(b []byte) []byte {
	return c.AppendBody(c.AppendHeader(b))
}

// AppendHeader adds the opcode, key id and sender's session id, which no wrapping hides.
func (c *Control) AppendHeader(b []byte) []byte {
	b = append(b, FirstByte(c.Opcode, c.KeyID))
	return append(b, c.Session[:]...)
}

// AppendBody adds what follows the header.
func (c *Control) AppendBody(b []byte) []byte {
	b = append(b, byte(len(c.Acks)))
	for _, id := range c.Acks {
		b = binary.BigEndian.AppendUint32(b, id)
	}
	if len(c.Acks) > 0 {
		b = append(b, c.PeerSession[:]...)
	}
	if c.Opcode != AckV1 {
		b = binary.BigEndian.AppendUint32(b, c.ID)
	}
	return append(b, c.Payload...)
}

// HeaderSize is the length of what AppendHeader adds, in bytes.
func HeaderSize() int { return headerSize }

// BodySize is the length of what AppendBody adds without payload, in bytes.
func BodySize(opcode Opcode, acks int) int {
	size := 1
	if acks > 0 {
		size += 4*acks + SessionIDSize
	}
	if opcode != AckV1 {
		size += 4
	}
	return size
}

// ParseControl reads a control packet in the clear. Payload aliases b.
func ParseControl(b []byte) (Control, error) {
	c, body, err := ParseHeader(b)
	if err != nil {
		return Control{}, err
	}
	if err := c.ParseBody(body); err != nil {
		return Control{}, err
	}
	return c, nil
}

// ParseHeader reads the opcode, key id and session id of a control packet and returns what follows them.
func ParseHeader(b []byte) (Control, []byte, error) {
	if len(b) < headerSize {
		return Control{}, nil, fmt.Errorf("read control header: %w", ErrTooShort)
	}
	if len(b) > MaxControlSize {
		return Control{}, nil, fmt.Errorf("read control header: %w", ErrTooLong)
	}
	var c Control
	c.Opcode, c.KeyID = ParseFirstByte(b[0])
	if !c.Opcode.IsControl() {
		return Control{}, nil, fmt.Errorf("read control header: %w: %v", ErrOpcode, c.Opcode)
	}
	c.Session = SessionID(b[1:headerSize])
	return c, b[headerSize:], nil
}

// ParseBody reads what follows the header into c, whose Opcode is known. Payload aliases b.
func (c *Control) ParseBody(b []byte) error {
	if len(b) < 1 {
		return fmt.Errorf("read acknowledgements: %w", ErrTooShort)
	}
	count := int(b[0])
	b = b[1:]
	if count > MaxAcks {
		return fmt.Errorf("read acknowledgements: %w: %d", ErrTooManyAcks, count)
	}
	if count > 0 {
		if len(b) < 4*count+SessionIDSize {
			return fmt.Errorf("read acknowledgements: %w", ErrTooShort)
		}
		c.Acks = make([]uint32, count)
		for i := range c.Acks {
			c.Acks[i] = binary.BigEndian.Uint32(b[4*i:])
		}
		c.PeerSession = SessionID(b[4*count : 4*count+SessionIDSize])
		b = b[4*count+SessionIDSize:]
	}
	if c.Opcode != AckV1 {
		if len(b) < 4 {
			return fmt.Errorf("read message packet id: %w", ErrTooShort)
		}
		c.ID = binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	c.Payload = b
	return nil
}
