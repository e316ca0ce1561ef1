package transport

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parseSockaddr reads a socket address of either family, which the larger one's type holds.
func parseSockaddr(name *unix.RawSockaddrInet6) netip.AddrPort {
	switch name.Family {
	case unix.AF_INET:
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		return netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), networkPort(v4.Port))
	case unix.AF_INET6:
		address := netip.AddrFrom16(name.Addr).Unmap()
		if name.Scope_id != 0 && address.IsLinkLocalUnicast() {
			address = address.WithZone(strconv.FormatUint(uint64(name.Scope_id), 10))
		}
		return netip.AddrPortFrom(address, networkPort(name.Port))
	default:
		return netip.AddrPort{}
	}
}

// putSockaddr writes a socket address for a socket of the given family and returns its length in bytes.
func putSockaddr(name *unix.RawSockaddrInet6, family uint16, to netip.AddrPort) uint32 {
	if family == unix.AF_INET {
		v4 := (*unix.RawSockaddrInet4)(unsafe.Pointer(name))
		*v4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkPort(to.Port()), Addr: to.Addr().Unmap().As4()}
		return unix.SizeofSockaddrInet4
	}
	*name = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkPort(to.Port()), Addr: to.Addr().As16()}
	if zone := to.Addr().Zone(); zone != "" {
		scope, _ := strconv.ParseUint(zone, 10, 32) // as parseSockaddr wrote it
		name.Scope_id = uint32(scope)
	}
	return unix.SizeofSockaddrInet6
}

// networkPort turns a port from network byte order into the machine's, or back.
func networkPort(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}
