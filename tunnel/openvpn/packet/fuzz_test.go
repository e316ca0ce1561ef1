package packet_test

import (
	"bytes"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

func FuzzParseControl(f *testing.F) {
	f.Add((&packet.Control{Opcode: packet.HardResetClientV2, Session: local}).Append(nil))
	f.Add((&packet.Control{Opcode: packet.AckV1, Session: local, Acks: []uint32{0, 1, 2}, PeerSession: remote}).Append(nil))
	f.Add((&packet.Control{Opcode: packet.ControlV1, KeyID: 1, Session: local, Acks: []uint32{9}, PeerSession: remote, ID: 3, Payload: []byte("tls")}).Append(nil))
	f.Fuzz(func(t *testing.T, wire []byte) {
		c, err := packet.ParseControl(wire)
		if err != nil {
			return
		}
		if !c.Opcode.IsControl() || len(c.Acks) > packet.MaxAcks {
			t.Errorf("accepted %v with %d acknowledgements", c.Opcode, len(c.Acks))
		}
		if again := c.Append(nil); !bytes.Equal(again, wire) {
			t.Errorf("%x became %x", wire, again)
		}
	})
}

func FuzzParseDataHeader(f *testing.F) {
	f.Add([]byte{0x48, 0, 0, 1, 2, 3})
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, wire []byte) {
		keyID, peer, size, err := packet.ParseDataHeader(wire)
		if err != nil {
			return
		}
		if opcode, _ := packet.ParseFirstByte(wire[0]); opcode == packet.DataV2 && peer == packet.NoPeer {
			return // says "none" in the form with a peer id
		}
		if again := packet.AppendDataHeader(nil, keyID, peer); !bytes.Equal(again, wire[:size]) {
			t.Errorf("%x became %x", wire[:size], again)
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 3, 'b', 'c', 'd', 0, 2, 'e'}, uint8(0))
	f.Add([]byte{0, 0}, uint8(3))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint8) {
		const max = 64
		packets, rest, err := packet.Split(nil, stream, max)
		batch := packet.Batch{Stream: true}
		for _, p := range packets {
			if len(p) == 0 || len(p) > max {
				t.Errorf("packet of %d bytes", len(p))
			}
			batch.Append(p)
		}
		if err == nil && !bytes.Equal(append(batch.Buffer, rest...), stream) {
			t.Errorf("%x fell into %x and %x", stream, batch.Buffer, rest)
		}
		if err != nil && !bytes.HasPrefix(stream, batch.Buffer) {
			t.Errorf("%x begins with %x", stream, batch.Buffer)
		}
		// However a stream arrives in pieces, the same packets come out.
		at := min(int(cut), len(stream))
		first, rest, firstErr := packet.Split(nil, stream[:at], max)
		if firstErr != nil {
			return
		}
		pieces, _, _ := packet.Split(first, append(bytes.Clone(rest), stream[at:]...), max)
		if len(pieces) != len(packets) {
			t.Errorf("%d packets whole, %d in pieces", len(packets), len(pieces))
		}
	})
}
