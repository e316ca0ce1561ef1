package mssfix

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// FuzzClamp checks on any packet that Clamp lowers an MSS to the limit or does nothing: no other byte changes but the
// checksum's, which stays as right or wrong as it was.
func FuzzClamp(f *testing.F) {
	for _, ipv6 := range []bool{false, true} {
		f.Add(syn(ipv6, 2, 4, 0x05, 0xb4), uint16(1000))
		f.Add(syn(ipv6, 1, 2, 4, 0x05, 0xb4), uint16(1))
		f.Add(syn(ipv6, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 2, 4, 0xff, 0xff, 3, 3, 7), uint16(1460))
		f.Add(syn(ipv6, 3, 0, 2, 4, 0x05, 0xb4), uint16(900))
		f.Add(syn(ipv6, 1, 1, 1, 2), uint16(900))
		f.Add(syn(ipv6)[:30], uint16(900))
	}
	extended := syn(true, 2, 4, 0x05, 0xb4)
	extended = slices.Insert(extended, ipv6Header, []byte{protocolTCP, 0, 1, 4, 0, 0, 0, 0}...)
	extended[5], extended[6] = extended[5]+8, hopByHop
	f.Add(extended, uint16(1200))
	f.Fuzz(func(t *testing.T, packet []byte, limit uint16) {
		before := bytes.Clone(packet)
		changed := Limit{IPv4: limit, IPv6: limit}.Clamp(packet)
		if changed == bytes.Equal(before, packet) {
			t.Fatal("what Clamp reports is not what it did")
		}
		if !changed {
			return
		}
		checkClamped(t, before, packet, limit)
	})
}

// checkClamped finds the TCP header that changed, and looks at everything in it.
func checkClamped(t *testing.T, before, after []byte, limit uint16) {
	t.Helper()
	start, end := -1, 0
	for at := ipv4Header; at+tcpHeader <= len(after); at++ {
		if end = isClampedTCP(before, after, at, limit); end != 0 {
			start = at
			break
		}
	}
	if start < 0 {
		t.Fatalf("what changed is not an MSS and its checksum:\n% x\n% x", before, after)
	}
	// The rest of the segment adds the same to both sums.
	if was, is := ones(before[start:end]), ones(after[start:end]); was%0xffff != is%0xffff {
		t.Errorf("the checksum was off by %#x and is off by %#x", was, is)
	}
}

// isClampedTCP returns where the TCP header at a place ends if all that differs is an MSS option of it, now at the limit, and its checksum; else 0.
func isClampedTCP(before, after []byte, at int, limit uint16) int {
	end := at + int(before[at+12]>>4)*4
	if end < at+tcpHeader || end > len(before) || before[at+13]&flagSYN == 0 {
		return 0
	}
	for option := at + tcpHeader; option+mssLength <= end; option++ {
		if before[option] != optionMSS || before[option+1] != mssLength || binary.BigEndian.Uint16(before[option+2:]) <= limit {
			continue
		}
		want := bytes.Clone(before)
		binary.BigEndian.PutUint16(want[option+2:], limit)
		copy(want[at+checksumAt:at+checksumAt+2], after[at+checksumAt:])
		if bytes.Equal(want, after) {
			return end
		}
	}
	return 0
}

// ones is the one's complement sum of bytes of even length, folded (RFC 1071).
func ones(b []byte) uint32 {
	var total uint32
	for i := 0; i+1 < len(b); i += 2 {
		total += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for total>>16 != 0 {
		total = total&0xffff + total>>16
	}
	return total
}

func BenchmarkClamp(b *testing.B) {
	data := syn(false)
	data[ipv4Header+13] = 0x10
	for name, packet := range map[string][]byte{"SYN": syn(false, 2, 4, 0x05, 0xb4), "data": data, "SYN over IPv6": syn(true, 2, 4, 0x05, 0xb4)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			limit := uint16(0xffff)
			for b.Loop() {
				limit--
				Limit{IPv4: limit, IPv6: limit}.Clamp(packet)
			}
		})
	}
}
