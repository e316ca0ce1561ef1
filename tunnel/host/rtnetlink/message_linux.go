package rtnetlink

import (
	"encoding/binary"
	"iter"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	headerSize = unix.SizeofNlMsghdr
	flagOnLink = unix.RTNH_F_ONLINK
	// attributeTypeMask takes the flags off an attribute's type (NLA_TYPE_MASK).
	attributeTypeMask = 0x3fff
	// flagCloned marks a cached entry of the routing table, not a route (rtnetlink(7)).
	flagCloned = unix.RTM_F_CLONED
)

type header struct {
	kind     uint16
	flags    uint16
	sequence uint32
}

// each walks over the netlink messages in one datagram and stops at the first that is malformed.
func each(datagram []byte) iter.Seq2[header, []byte] {
	return func(yield func(header, []byte) bool) {
		for len(datagram) >= headerSize {
			length := int(binary.NativeEndian.Uint32(datagram))
			if length < headerSize || length > len(datagram) {
				return
			}
			h := header{
				kind:     binary.NativeEndian.Uint16(datagram[4:]),
				flags:    binary.NativeEndian.Uint16(datagram[6:]),
				sequence: binary.NativeEndian.Uint32(datagram[8:]),
			}
			if !yield(h, datagram[headerSize:length]) {
				return
			}
			datagram = datagram[min(align(length), len(datagram)):]
		}
	}
}

// attributes walks over the attributes of a message.
func attributes(body []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(body) >= unix.SizeofRtAttr {
			length := int(binary.NativeEndian.Uint16(body))
			if length < unix.SizeofRtAttr || length > len(body) {
				return
			}
			kind := binary.NativeEndian.Uint16(body[2:]) & attributeTypeMask
			if !yield(kind, body[unix.SizeofRtAttr:length]) {
				return
			}
			body = body[min(align(length), len(body)):]
		}
	}
}

func align(n int) int { return (n + 3) &^ 3 }

// parseRoute reads an RTM_NEWROUTE or RTM_DELROUTE body. It reports false for what is not a route: cached entries and
// other address families.
func parseRoute(body []byte) (Route, bool) {
	if len(body) < unix.SizeofRtMsg {
		return Route{}, false
	}
	flags := binary.NativeEndian.Uint32(body[8:])
	if flags&flagCloned != 0 {
		return Route{}, false
	}
	route := Route{
		Table:    uint32(body[4]),
		Protocol: body[5],
		Scope:    Scope(body[6]),
		Type:     Type(body[7]),
		OnLink:   flags&flagOnLink != 0,
	}
	destination := netip.IPv4Unspecified()
	switch body[0] {
	case unix.AF_INET:
	case unix.AF_INET6:
		destination = netip.IPv6Unspecified()
	default:
		return Route{}, false
	}
	for kind, value := range attributes(body[unix.SizeofRtMsg:]) {
		switch kind {
		case unix.RTA_DST:
			destination = addrFrom(value)
		case unix.RTA_MULTIPATH:
			route.readNextHop(value)
		default:
			route.readAttribute(kind, value)
		}
	}
	if route.Type != Unicast {
		route.Link = 0 // the kernel names the loopback interface for IPv6 routes that go nowhere
	}
	route.Prefix = netip.PrefixFrom(destination, int(body[1]))
	return route, route.Prefix.IsValid()
}

func (r *Route) readAttribute(kind uint16, value []byte) {
	switch kind {
	case unix.RTA_GATEWAY:
		r.Gateway = addrFrom(value)
	case unix.RTA_VIA:
		if len(value) > 2 {
			r.Gateway = addrFrom(value[2:])
		}
	case unix.RTA_PREFSRC:
		r.Source = addrFrom(value)
	case unix.RTA_METRICS:
		for metric, value := range attributes(value) {
			if metric == unix.RTAX_MTU && len(value) >= 4 {
				r.MTU = binary.NativeEndian.Uint32(value)
			}
		}
	}
	if len(value) < 4 {
		return
	}
	number := binary.NativeEndian.Uint32(value)
	switch kind {
	case unix.RTA_OIF:
		r.Link = int(number)
	case unix.RTA_PRIORITY:
		r.Metric = number
	case unix.RTA_TABLE:
		r.Table = number
	}
}

// readNextHop reads the first of several next hops (struct rtnexthop, then its attributes).
func (r *Route) readNextHop(value []byte) {
	if len(value) < unix.SizeofRtNexthop {
		return
	}
	length := int(binary.NativeEndian.Uint16(value))
	if length < unix.SizeofRtNexthop || length > len(value) {
		return
	}
	r.OnLink = value[2]&flagOnLink != 0
	r.Link = int(int32(binary.NativeEndian.Uint32(value[4:])))
	for kind, value := range attributes(value[unix.SizeofRtNexthop:length]) {
		r.readAttribute(kind, value)
	}
}

// appendChange appends one request to a batch.
func appendChange(b []byte, change Change, sequence uint32) []byte {
	kind, flags := uint16(unix.RTM_NEWROUTE), uint16(unix.NLM_F_REQUEST|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	switch {
	case change.Delete:
		kind, flags = unix.RTM_DELROUTE, unix.NLM_F_REQUEST
		change.Route.Scope = unix.RT_SCOPE_NOWHERE // any
	case change.Replace:
		flags = unix.NLM_F_REQUEST | unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	}
	start := len(b)
	b = appendHeader(b, kind, flags, sequence)
	b = appendRoute(b, change.Route)
	binary.NativeEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func appendHeader(b []byte, kind, flags uint16, sequence uint32) []byte {
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, flags)
	b = binary.NativeEndian.AppendUint32(b, sequence)
	return binary.NativeEndian.AppendUint32(b, 0)
}

func appendRoute(b []byte, route Route) []byte {
	var flags uint32
	if route.OnLink {
		flags = flagOnLink
	}
	b = append(b, family(route.Prefix.Addr()), byte(route.Prefix.Bits()), 0, 0, unix.RT_TABLE_UNSPEC, route.Protocol, byte(route.Scope), byte(route.Type))
	b = binary.NativeEndian.AppendUint32(b, flags)
	b = appendNumber(b, unix.RTA_TABLE, route.Table)
	if route.Prefix.Bits() > 0 {
		b = appendAttribute(b, unix.RTA_DST, route.Prefix.Addr().AsSlice())
	}
	switch {
	case !route.Gateway.IsValid():
	case route.Gateway.Is4() == route.Prefix.Addr().Is4():
		b = appendAttribute(b, unix.RTA_GATEWAY, route.Gateway.AsSlice())
	default:
		via := binary.NativeEndian.AppendUint16(nil, uint16(family(route.Gateway)))
		b = appendAttribute(b, unix.RTA_VIA, append(via, route.Gateway.AsSlice()...))
	}
	if route.Source.IsValid() {
		b = appendAttribute(b, unix.RTA_PREFSRC, route.Source.AsSlice())
	}
	if route.Link != 0 {
		b = appendNumber(b, unix.RTA_OIF, uint32(route.Link))
	}
	if route.Metric != 0 {
		b = appendNumber(b, unix.RTA_PRIORITY, route.Metric)
	}
	if route.MTU != 0 {
		b = appendAttribute(b, unix.RTA_METRICS, appendNumber(nil, unix.RTAX_MTU, route.MTU))
	}
	return b
}

func appendNumber(b []byte, kind uint16, number uint32) []byte {
	return appendAttribute(b, kind, binary.NativeEndian.AppendUint32(nil, number))
}

func appendAttribute(b []byte, kind uint16, value []byte) []byte {
	b = binary.NativeEndian.AppendUint16(b, uint16(unix.SizeofRtAttr+len(value)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// appendDump appends a request for all routes of a family.
func appendDump(b []byte, family uint8, sequence uint32) []byte {
	start := len(b)
	b = appendHeader(b, unix.RTM_GETROUTE, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, sequence)
	b = append(b, family, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	binary.NativeEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// acknowledgeLast asks for an acknowledgement of a batch's last request.
func acknowledgeLast(batch []byte) {
	for offset := 0; offset < len(batch); {
		length := align(int(binary.NativeEndian.Uint32(batch[offset:])))
		if offset+length >= len(batch) {
			flags := binary.NativeEndian.Uint16(batch[offset+6:])
			binary.NativeEndian.PutUint16(batch[offset+6:], flags|unix.NLM_F_ACK)
		}
		offset += length
	}
}

func family(addr netip.Addr) uint8 {
	if addr.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
