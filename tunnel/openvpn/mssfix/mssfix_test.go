package mssfix

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// syn makes a SYN of either family with the given TCP options, which are padded, and a right checksum.
func syn(ipv6 bool, options ...byte) []byte {
	for len(options)%4 != 0 {
		options = append(options, optionNop)
	}
	tcp := make([]byte, tcpHeader, tcpHeader+len(options))
	tcp[12] = byte((tcpHeader + len(options)) / 4 << 4)
	tcp[13] = flagSYN
	tcp = append(tcp, options...)
	var packet []byte
	if ipv6 {
		packet = make([]byte, ipv6Header)
		packet[0], packet[6] = 0x60, protocolTCP
		binary.BigEndian.PutUint16(packet[4:], uint16(len(tcp)))
		copy(packet[8:], "source address..destination addr")
	} else {
		packet = make([]byte, ipv4Header)
		packet[0], packet[9] = 0x45, protocolTCP
		binary.BigEndian.PutUint16(packet[2:], uint16(ipv4Header+len(tcp)))
		copy(packet[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
	}
	packet = append(packet, tcp...)
	binary.BigEndian.PutUint16(packet[len(packet)-len(tcp)+checksumAt:], ^sum(packet, len(tcp)))
	return packet
}

// sum is the one's complement sum over pseudo header and segment; 0xffff where the checksum in the segment is right.
func sum(packet []byte, tcpSize int) uint16 {
	pseudo := packet[12:20]
	if packet[0]>>4 == 6 {
		pseudo = packet[8:40]
	}
	var total uint32
	for _, part := range [][]byte{pseudo, {0, protocolTCP, byte(tcpSize >> 8), byte(tcpSize)}, packet[len(packet)-tcpSize:]} {
		for i := 0; i+1 < len(part); i += 2 {
			total += uint32(binary.BigEndian.Uint16(part[i:]))
		}
		if len(part)%2 != 0 {
			total += uint32(part[len(part)-1]) << 8
		}
	}
	for total>>16 != 0 {
		total = total&0xffff + total>>16
	}
	return uint16(total)
}

func TestClamp(t *testing.T) {
	limit := Limit{IPv4: 1300, IPv6: 1280}
	tests := []struct {
		name    string
		ipv6    bool
		options []byte
		want    []byte // the options afterwards; nil: unchanged
	}{
		{"lowered", false, []byte{2, 4, 0x05, 0xb4}, []byte{2, 4, 0x05, 0x14}},
		{"lowered, IPv6", true, []byte{2, 4, 0x05, 0xa0}, []byte{2, 4, 0x05, 0x00}},
		{"small enough", false, []byte{2, 4, 0x05, 0x14}, nil},
		{"behind others", false, []byte{1, 1, 4, 2, 2, 4, 0xff, 0xff}, []byte{1, 1, 4, 2, 2, 4, 0x05, 0x14}},
		{"at an odd place", false, []byte{1, 2, 4, 0x05, 0xb4}, []byte{1, 2, 4, 0x05, 0x14}},
		{"after the end of options", false, []byte{0, 2, 4, 0x05, 0xb4}, nil},
		{"no MSS", false, []byte{1, 1, 1, 1}, nil},
		{"an option too long", false, []byte{2, 40, 0x05, 0xb4}, nil},
		{"an option of length zero", false, []byte{3, 0, 2, 4, 0x05, 0xb4}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			packet := syn(test.ipv6, test.options...)
			before := bytes.Clone(packet)
			changed := limit.Clamp(packet)
			if changed != (test.want != nil) || changed == bytes.Equal(packet, before) {
				t.Fatalf("changed: %v", changed)
			}
			header := ipv4Header
			if test.ipv6 {
				header = ipv6Header
			}
			if test.want != nil && !bytes.Equal(packet[header+tcpHeader:][:len(test.want)], test.want) {
				t.Errorf("options are % x", packet[header+tcpHeader:])
			}
			if got := sum(packet, len(packet)-header); got != 0xffff {
				t.Errorf("the checksum is wrong: %#x", got)
			}
		})
	}
}

func TestClampLeavesOtherPacketsAlone(t *testing.T) {
	limit := Limit{IPv4: 600, IPv6: 600}
	edits := map[string]func([]byte){
		"no SYN":                 func(p []byte) { p[ipv4Header+13] = 0x10 },
		"UDP":                    func(p []byte) { p[9] = 17 },
		"a later fragment":       func(p []byte) { p[7] = 9 },
		"IP version 5":           func(p []byte) { p[0] = 0x55 },
		"a header too long":      func(p []byte) { p[0] = 0x4f },
		"a header too short":     func(p []byte) { p[0] = 0x44 },
		"a length over the end":  func(p []byte) { p[3]++ },
		"options after the end":  func(p []byte) { p[3] -= 2 },
		"a TCP header too short": func(p []byte) { p[ipv4Header+12] = 0x40 },
	}
	for name, edit := range edits {
		packet := syn(false, 2, 4, 0x05, 0xb4)
		edit(packet)
		before := bytes.Clone(packet)
		if limit.Clamp(packet) || !bytes.Equal(packet, before) {
			t.Errorf("%s: changed", name)
		}
	}
	if (Limit{}).Clamp(syn(false, 2, 4, 0x05, 0xb4)) {
		t.Error("no limit changed a packet")
	}
}

func TestIPv6ExtensionHeaders(t *testing.T) {
	plain := syn(true, 2, 4, 0x05, 0xb4)
	packet := append(bytes.Clone(plain[:ipv6Header]), protocolTCP, 0, 1, 4, 0, 0, 0, 0)
	packet[6] = destinationOptions
	packet = append(packet, plain[ipv6Header:]...)
	packet[5] += 8
	before := bytes.Clone(packet)
	if !(Limit{IPv6: 1000}).Clamp(packet) {
		t.Error("TCP behind destination options was not found")
	}
	for name, edit := range map[string]func([]byte){
		"a length over the end":           func(p []byte) { p[5]++ },
		"an extension header over it":     func(p []byte) { p[ipv6Header+1] = 200 },
		"a fragment":                      func(p []byte) { p[6] = 44 },
		"extension headers without TCP":   func(p []byte) { p[ipv6Header] = 17 },
		"nothing behind extension header": func(p []byte) { p[5] = 8 },
	} {
		packet := bytes.Clone(before)
		edit(packet)
		edited := bytes.Clone(packet)
		if (Limit{IPv6: 1000}).Clamp(packet) || !bytes.Equal(packet, edited) {
			t.Errorf("%s: changed", name)
		}
	}
	long := bytes.Clone(plain[:ipv6Header])
	long[6] = destinationOptions
	for range mostExtensionHeader + 1 {
		long = append(long, destinationOptions, 0, 1, 4, 0, 0, 0, 0)
	}
	long[len(long)-8] = protocolTCP
	long = append(long, plain[ipv6Header:]...)
	long[5] = byte(len(long) - ipv6Header)
	if (Limit{IPv6: 1000}).Clamp(long) {
		t.Error("the number of extension headers is not bounded")
	}
}

// Outer headers and overhead come off the budget, then the inner headers.
func TestNewLimit(t *testing.T) {
	if got := NewLimit(DefaultMTU, false, false, 24); got != (Limit{1492 - 28 - 24 - 40, 1492 - 28 - 24 - 60}) {
		t.Errorf("UDP: %+v", got)
	}
	if got := NewLimit(DefaultMTU, true, true, 24); got != (Limit{1492 - 62 - 24 - 40, 1492 - 62 - 24 - 60}) {
		t.Errorf("TCP over IPv6: %+v", got)
	}
	if got := NewLimit(100, false, false, 24); got != (Limit{smallest, smallest}) {
		t.Errorf("a tiny budget: %+v", got)
	}
	if got := NewLimit(0, false, false, 24); got != (Limit{}) {
		t.Errorf("switched off: %+v", got)
	}
}

func TestFixedLimit(t *testing.T) {
	if got := Fixed(1400); got != (Limit{1360, 1340}) {
		t.Errorf("%+v", got)
	}
	if got := Fixed(1 << 20); got != (Limit{0xffff, 0xffff}) {
		t.Errorf("%+v", got)
	}
}
