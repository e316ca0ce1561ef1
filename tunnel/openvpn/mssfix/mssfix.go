// Package mssfix lowers the segment size that TCP connections inside a tunnel agree on, so that their packets fit the path after encapsulation.
package mssfix

import "encoding/binary"

// Limit is the largest TCP payload to allow in a packet of each family, in bytes; 0: any.
type Limit struct {
	IPv4 uint16
	IPv6 uint16
}

// Sizes of headers in bytes.
const (
	ipv4Header = 20
	ipv6Header = 40
	tcpHeader  = 20
	udpHeader  = 8
	lengthSize = 2 // in front of each packet on a stream
)

// DefaultMTU is the budget of the option mssfix where nothing is configured (OpenVPN man page, "--mssfix"): a little less than Ethernet's, for PPPoE.
const DefaultMTU = 1492

// smallest MSS that is ever announced; below it a connection would not get anywhere.
const smallest = 500

// NewLimit computes the limit for outer packets of at most mtu bytes, IP header included. outerIPv6 and stream say how packets
// travel, overhead is what sealing adds (datachannel.Channel.Overhead). OpenVPN mss.c, frame_calculate_mssfix.
func NewLimit(mtu int, outerIPv6, stream bool, overhead int) Limit {
	if mtu <= 0 {
		return Limit{}
	}
	return Fixed(mtu - OuterHeaders(outerIPv6, stream) - overhead)
}

// OuterHeaders is the length of what stands in front of a sealed packet on its way, in bytes: IP, UDP or TCP, and on a stream the length.
func OuterHeaders(outerIPv6, stream bool) int {
	headers := ipv4Header + udpHeader
	if outerIPv6 {
		headers = ipv6Header + udpHeader
	}
	if stream {
		headers += tcpHeader - udpHeader + lengthSize
	}
	return headers
}

// Fixed computes the limit for inner packets of at most size bytes, whatever becomes of them outside (OpenVPN man page, "--mssfix", fixed).
func Fixed(size int) Limit {
	return Limit{IPv4: bounded(size - ipv4Header - tcpHeader), IPv6: bounded(size - ipv6Header - tcpHeader)}
}

func bounded(mss int) uint16 { return uint16(min(max(mss, smallest), 0xffff)) }

// Protocol numbers (IANA).
const (
	protocolTCP         = 6
	hopByHop            = 0
	routing             = 43
	destinationOptions  = 60
	mostExtensionHeader = 8
)

// Clamp lowers the MSS of a TCP SYN and mends its checksum. Every other packet, and one that is not well-formed, is left as it is. It
// reports whether it changed the packet.
func (l Limit) Clamp(packet []byte) bool {
	if len(packet) < ipv4Header {
		return false
	}
	switch packet[0] >> 4 {
	case 4:
		return l.IPv4 != 0 && clampIPv4(packet, l.IPv4)
	case 6:
		return l.IPv6 != 0 && clampIPv6(packet, l.IPv6)
	default:
		return false
	}
}

func clampIPv4(packet []byte, limit uint16) bool {
	header := int(packet[0]&0x0f) * 4
	end := int(binary.BigEndian.Uint16(packet[2:]))
	fragment := binary.BigEndian.Uint16(packet[6:]) & 0x1fff
	if packet[9] != protocolTCP || fragment != 0 || header < ipv4Header || end < header || len(packet) < end {
		return false
	}
	return clampTCP(packet[header:end], limit)
}

func clampIPv6(packet []byte, limit uint16) bool {
	if len(packet) < ipv6Header {
		return false
	}
	end := ipv6Header + int(binary.BigEndian.Uint16(packet[4:]))
	if len(packet) < end {
		return false
	}
	next, rest := packet[6], packet[ipv6Header:end]
	for range mostExtensionHeader {
		switch next {
		case protocolTCP:
			return clampTCP(rest, limit)
		case hopByHop, routing, destinationOptions:
			if len(rest) < 2 {
				return false
			}
			size := (int(rest[1]) + 1) * 8
			if len(rest) < size {
				return false
			}
			next, rest = rest[0], rest[size:]
		default:
			return false
		}
	}
	return false
}

// TCP flags and options (RFC 9293 section 3.1 and 3.2).
const (
	flagSYN    = 0x02
	optionEnd  = 0
	optionNop  = 1
	optionMSS  = 2
	mssLength  = 4
	checksumAt = 16
)

func clampTCP(segment []byte, limit uint16) bool {
	if len(segment) < tcpHeader || segment[13]&flagSYN == 0 {
		return false
	}
	header := int(segment[12]>>4) * 4
	if header < tcpHeader || len(segment) < header {
		return false
	}
	for at := tcpHeader; at < header; {
		switch segment[at] {
		case optionEnd:
			return false
		case optionNop:
			at++
			continue
		}
		if at+1 >= header {
			return false
		}
		length := int(segment[at+1])
		if length < 2 || at+length > header {
			return false
		}
		if segment[at] == optionMSS && length == mssLength {
			return lower(segment, at+2, limit)
		}
		at += length
	}
	return false
}

// lower sets the MSS at a place of the segment if it is larger, and updates the checksum by the difference (RFC 1624).
func lower(segment []byte, at int, limit uint16) bool {
	old := binary.BigEndian.Uint16(segment[at:])
	if old <= limit {
		return false
	}
	binary.BigEndian.PutUint16(segment[at:], limit)
	was, is := uint32(old), uint32(limit)
	if at%2 != 0 { // the value straddles two words of the checksum
		was, is = was>>8|was<<8&0xff00, is>>8|is<<8&0xff00
	}
	sum := uint32(^binary.BigEndian.Uint16(segment[checksumAt:])) + (^was & 0xffff) + is
	sum = sum&0xffff + sum>>16
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(segment[checksumAt:], ^uint16(sum))
	return true
}
