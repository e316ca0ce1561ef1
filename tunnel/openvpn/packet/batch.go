// Package packet is the outermost layer of the OpenVPN wire protocol: opcodes, headers and how packets follow each other.
package packet

import "encoding/binary"

// Batch is a run of packets laid end to end exactly as they go on the wire, so that a stream transport sends Buffer in
// one write and a datagram transport cuts it at Ends in one system call. On a stream each packet is preceded
// by its length in two bytes, big endian (OpenVPN draft, "TCP framing"). A Batch is reused; it never shrinks.
type Batch struct {
	Stream bool // packets carry a length prefix
	Buffer []byte
	Ends   []int // where each packet ends in Buffer
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	b.Buffer = b.Buffer[:0]
	b.Ends = b.Ends[:0]
}

// Prefix is how many bytes precede each packet.
func (b *Batch) Prefix() int {
	if b.Stream {
		return 2
	}
	return 0
}

// Append adds a copy of a finished packet.
func (b *Batch) Append(packet []byte) {
	if b.Stream {
		b.Buffer = binary.BigEndian.AppendUint16(b.Buffer, uint16(len(packet)))
	}
	b.Buffer = append(b.Buffer, packet...)
	b.Ends = append(b.Ends, len(b.Buffer))
}

// Len is the number of packets.
func (b *Batch) Len() int { return len(b.Ends) }
