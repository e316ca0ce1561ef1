package reliable_test

import (
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/reliable"
)

func TestReceiver(t *testing.T) {
	tests := []struct {
		name      string
		first     uint32
		arriving  []uint32
		refused   []uint32 // not acknowledged
		delivered []uint32
	}{
		{"in order", 0, []uint32{0, 1, 2}, nil, []uint32{0, 1, 2}},
		{"backwards", 0, []uint32{2, 1, 0}, nil, []uint32{0, 1, 2}},
		{"twice", 0, []uint32{0, 0, 1, 0, 1}, nil, []uint32{0, 1}},
		{"twice out of order", 0, []uint32{1, 1, 0}, nil, []uint32{0, 1}},
		{"gap", 0, []uint32{0, 2, 3}, nil, []uint32{0}},
		{"after the resets", 1, []uint32{0, 1, 2}, nil, []uint32{1, 2}},
		{"edge of the window", 0, []uint32{11, 12}, []uint32{12}, nil},
		{"far ahead", 5, []uint32{1 << 30, 5}, []uint32{1 << 30}, []uint32{5}},
		{"around zero", 0xfffffffe, []uint32{1, 0, 0xffffffff, 0xfffffffe, 2}, nil, []uint32{0xfffffffe, 0xffffffff, 0, 1, 2}},
		{"whole window around zero", 0xfffffffa, []uint32{5, 4, 3, 2, 1, 0, 0xffffffff, 0xfffffffe, 0xfffffffd, 0xfffffffc, 0xfffffffb, 0xfffffffa}, nil,
			[]uint32{0xfffffffa, 0xfffffffb, 0xfffffffc, 0xfffffffd, 0xfffffffe, 0xffffffff, 0, 1, 2, 3, 4, 5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := reliable.NewReceiver(test.first)
			var refused, delivered []uint32
			for _, id := range test.arriving {
				if !r.Accept(reliable.Message{ID: id}) {
					refused = append(refused, id)
				}
				for m, ok := r.Next(); ok; m, ok = r.Next() {
					delivered = append(delivered, m.ID)
				}
			}
			if !slices.Equal(refused, test.refused) {
				t.Errorf("refused %v, want %v", refused, test.refused)
			}
			if !slices.Equal(delivered, test.delivered) {
				t.Errorf("delivered %v, want %v", delivered, test.delivered)
			}
		})
	}
}

func TestReceiverKeepsACopy(t *testing.T) {
	r, buffer := reliable.NewReceiver(0), []byte("first")
	r.Accept(reliable.Message{ID: 0, Payload: buffer})
	copy(buffer, "other")
	r.Accept(reliable.Message{ID: 0, Payload: buffer})
	if m, ok := r.Next(); !ok || string(m.Payload) != "first" {
		t.Errorf("delivered %q, %v", m.Payload, ok)
	}
}

func TestAcks(t *testing.T) {
	// step is what becomes owed, and the packet that follows.
	type step struct {
		owed   []uint32
		max    int
		repeat bool
		want   []uint32
	}
	tests := []struct {
		name  string
		steps []step
	}{
		{"nothing owed", []step{{nil, 4, true, nil}}},
		{"at most as many as fit", []step{{[]uint32{0, 1, 2, 3, 4}, 4, false, []uint32{0, 1, 2, 3}}, {nil, 8, false, []uint32{4}}, {nil, 8, false, nil}}},
		{"repeated, latest first", []step{{[]uint32{0}, 4, true, []uint32{0}}, {[]uint32{1, 2}, 4, true, []uint32{1, 2, 0}}, {nil, 4, true, []uint32{1, 2, 0}}}},
		{"not repeated on a stream", []step{{[]uint32{0}, 4, false, []uint32{0}}, {nil, 4, false, nil}}},
		{"owed once", []step{{[]uint32{5, 5}, 4, false, []uint32{5}}}},
		{"owed again for a duplicate", []step{{[]uint32{5}, 4, false, []uint32{5}}, {[]uint32{5}, 4, false, []uint32{5}}}},
		{"a duplicate does not appear twice", []step{{[]uint32{1, 2}, 4, true, []uint32{1, 2}}, {[]uint32{2}, 4, true, []uint32{2, 1}}}},
		{"eight are remembered", []step{
			{[]uint32{0, 1, 2, 3, 4, 5, 6, 7}, 8, true, []uint32{0, 1, 2, 3, 4, 5, 6, 7}},
			{[]uint32{8}, 8, true, []uint32{8, 0, 1, 2, 3, 4, 5, 6}},
			{nil, 4, true, []uint32{8, 0, 1, 2}},
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var acks reliable.Acks
			for i, step := range test.steps {
				for _, id := range step.owed {
					acks.Add(id)
				}
				if got := acks.Take(nil, step.max, step.repeat); !slices.Equal(got, step.want) {
					t.Errorf("step %d: took %v, want %v", i, got, step.want)
				}
			}
		})
	}
}

func TestAcksAreBounded(t *testing.T) {
	var acks reliable.Acks
	for id := range uint32(10_000) {
		acks.Add(id)
	}
	if acks.Pending() > 2*reliable.ReceiveWindow {
		t.Errorf("%d acknowledgements are owed", acks.Pending())
	}
}
