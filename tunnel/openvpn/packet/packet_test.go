package packet_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

var (
	local  = packet.SessionID{1, 2, 3, 4, 5, 6, 7, 8}
	remote = packet.SessionID{0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8}
)

func TestControlOnTheWire(t *testing.T) {
	tests := []struct {
		name    string
		control packet.Control
		wire    []byte
	}{
		{
			"client reset",
			packet.Control{Opcode: packet.HardResetClientV2, Session: local, Payload: []byte{}},
			[]byte{0x38, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0},
		},
		{
			"server reset that acknowledges the client's",
			packet.Control{Opcode: packet.HardResetServerV2, Session: local, Acks: []uint32{0}, PeerSession: remote, Payload: []byte{}},
			[]byte{0x40, 1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 0, 0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0, 0, 0, 0},
		},
		{
			"acknowledgements alone have no id",
			packet.Control{Opcode: packet.AckV1, KeyID: 2, Session: local, Acks: []uint32{1, 0x01020304}, PeerSession: remote, Payload: []byte{}},
			[]byte{0x2a, 1, 2, 3, 4, 5, 6, 7, 8, 2, 0, 0, 0, 1, 1, 2, 3, 4, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8},
		},
		{
			"TLS of a renegotiated key",
			packet.Control{Opcode: packet.ControlV1, KeyID: 7, Session: local, ID: 0x10000002, Payload: []byte("tls")},
			[]byte{0x27, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x10, 0, 0, 2, 't', 'l', 's'},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if wire := test.control.Append(nil); !bytes.Equal(wire, test.wire) {
				t.Errorf("written %x, want %x", wire, test.wire)
			}
			parsed, err := packet.ParseControl(test.wire)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.control, parsed); diff != "" {
				t.Error(diff)
			}
			c := &test.control
			if size := packet.HeaderSize() + packet.BodySize(c.Opcode, len(c.Acks)) + len(c.Payload); size != len(test.wire) {
				t.Errorf("predicted size %d, it is %d", size, len(test.wire))
			}
			for end := range len(test.wire) - len(c.Payload) {
				if _, err := packet.ParseControl(test.wire[:end]); !errors.Is(err, packet.ErrTooShort) {
					t.Errorf("cut at %d: error %v", end, err)
				}
			}
		})
	}
}

func TestControlRefused(t *testing.T) {
	reset := (&packet.Control{Opcode: packet.HardResetClientV2, Session: local}).Append(nil)
	acks := (&packet.Control{Opcode: packet.AckV1, Session: local, Acks: make([]uint32, packet.MaxAcks+1), PeerSession: remote}).Append(nil)
	tests := []struct {
		name string
		wire []byte
		want error
	}{
		{"nothing", nil, packet.ErrTooShort},
		{"data", append([]byte{packet.FirstByte(packet.DataV1, 0)}, reset[1:]...), packet.ErrOpcode},
		{"key method 1", append([]byte{packet.FirstByte(1, 0)}, reset[1:]...), packet.ErrOpcode},
		{"opcode of the future", append([]byte{packet.FirstByte(12, 0)}, reset[1:]...), packet.ErrOpcode},
		{"nine acknowledgements", acks, packet.ErrTooManyAcks},
		{"too long", append(reset, make([]byte, packet.MaxControlSize)...), packet.ErrTooLong},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := packet.ParseControl(test.wire); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestOpcodes(t *testing.T) {
	for b := range 256 {
		opcode, keyID := packet.ParseFirstByte(byte(b))
		if got := packet.FirstByte(opcode, keyID); got != byte(b) {
			t.Errorf("first byte %#x became %#x", b, got)
		}
		p := []byte{byte(b)}
		if packet.IsControl(p) != opcode.IsControl() || packet.IsData(p) != opcode.IsData() {
			t.Errorf("first byte %#x: packet and %v disagree", b, opcode)
		}
		known := opcode >= 3 && opcode <= 11
		if (opcode.IsControl() || opcode.IsData()) != known || opcode.IsControl() && opcode.IsData() {
			t.Errorf("%v: control %v, data %v", opcode, opcode.IsControl(), opcode.IsData())
		}
	}
	if packet.IsControl(nil) || packet.IsData(nil) {
		t.Error("an empty packet is neither control nor data")
	}
}

func TestKeyIDsTurn(t *testing.T) {
	var keyIDs []uint8
	for keyID, i := uint8(0), 0; i < 9; i++ {
		keyIDs = append(keyIDs, keyID)
		keyID = packet.NextKeyID(keyID)
	}
	if diff := cmp.Diff([]uint8{0, 1, 2, 3, 4, 5, 6, 7, 1}, keyIDs); diff != "" {
		t.Error(diff)
	}
}

func TestSessionIDs(t *testing.T) {
	if a, b := packet.NewSessionID(), packet.NewSessionID(); a.IsZero() || a == b {
		t.Errorf("session ids %v and %v", a, b)
	}
	if s := local.String(); s != "0102030405060708" {
		t.Errorf("printed %s", s)
	}
}

func TestDataHeader(t *testing.T) {
	tests := []struct {
		name  string
		keyID uint8
		peer  uint32
		wire  []byte
	}{
		{"with peer id", 3, 0x010203, []byte{0x4b, 1, 2, 3}},
		{"peer id 0", 0, 0, []byte{0x48, 0, 0, 0}},
		{"without peer id", 1, packet.NoPeer, []byte{0x31}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			wire := packet.AppendDataHeader(nil, test.keyID, test.peer)
			if !bytes.Equal(wire, test.wire) || len(wire) != packet.DataHeaderSize(test.peer) {
				t.Errorf("written %x of predicted size %d, want %x", wire, packet.DataHeaderSize(test.peer), test.wire)
			}
			keyID, peer, size, err := packet.ParseDataHeader(append(wire, "payload"...))
			if err != nil || keyID != test.keyID || peer != test.peer || size != len(wire) {
				t.Errorf("read key %d, peer %#x, size %d, error %v", keyID, peer, size, err)
			}
			if _, _, _, err := packet.ParseDataHeader(wire[:len(wire)-1]); !errors.Is(err, packet.ErrTooShort) {
				t.Errorf("cut header: error %v", err)
			}
		})
	}
	if _, _, _, err := packet.ParseDataHeader([]byte{packet.FirstByte(packet.ControlV1, 0), 0, 0, 0}); !errors.Is(err, packet.ErrOpcode) {
		t.Errorf("control packet: error %v", err)
	}
}

func TestDataHeaderDoesNotAllocate(t *testing.T) {
	buffer := make([]byte, 0, 8)
	if allocations := testing.AllocsPerRun(100, func() {
		wire := packet.AppendDataHeader(buffer, 1, 5)
		if _, _, _, err := packet.ParseDataHeader(wire); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations a header", allocations)
	}
}

func TestSplit(t *testing.T) {
	stream := []byte{0, 1, 'a', 0, 3, 'b', 'c', 'd', 0, 2, 'e'}
	packets, rest, err := packet.Split(nil, stream, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]byte{[]byte("a"), []byte("bcd")}, packets); diff != "" {
		t.Error(diff)
	}
	if !bytes.Equal(rest, []byte{0, 2, 'e'}) {
		t.Errorf("rest %x", rest)
	}
	if _, rest, err := packet.Split(nil, []byte{7}, 0); err != nil || !bytes.Equal(rest, []byte{7}) {
		t.Errorf("half a length: rest %x, error %v", rest, err)
	}
}

func TestSplitRefusesImpossibleLengths(t *testing.T) {
	for _, stream := range [][]byte{{0, 1, 'a', 0, 0, 'b'}, {0, 1, 'a', 0, 101}} {
		packets, _, err := packet.Split(nil, stream, 100)
		if !errors.Is(err, packet.ErrFrameLength) {
			t.Errorf("%x: error %v", stream, err)
		}
		if diff := cmp.Diff([][]byte{[]byte("a")}, packets); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBatchIsWhatSplitReads(t *testing.T) {
	batch := packet.Batch{Stream: true}
	batch.Append([]byte("one"))
	batch.Append([]byte("three"))
	packets, rest, err := packet.Split(nil, batch.Buffer, 0)
	if err != nil || len(rest) != 0 {
		t.Fatalf("rest %x, error %v", rest, err)
	}
	if diff := cmp.Diff([][]byte{[]byte("one"), []byte("three")}, packets); diff != "" {
		t.Error(diff)
	}
	if batch.Len() != 2 || batch.Ends[1] != len(batch.Buffer) || batch.Prefix() != 2 {
		t.Errorf("batch of %d packets ends at %v, prefix %d", batch.Len(), batch.Ends, batch.Prefix())
	}
}
