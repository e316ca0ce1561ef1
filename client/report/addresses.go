package report

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// addresses replaces IP addresses by others of their kind. Private IPv4 networks are moved within their range so that two that begin with
// the same bits still do (Xu et al., "Prefix-preserving IP address anonymization", 2002); the last octet stays. Public networks become those of
// the documentation and benchmark ranges (RFC 5737, RFC 2544, RFC 3849, RFC 9637).
type addresses struct {
	a         *anonymiser
	originals map[string]bool           // as noted
	networks  map[netip.Addr]bool       // the /24 of every private IPv4 original
	public    map[netip.Addr]netip.Addr // /24 to /24
	replaced  map[string]string
	used      map[netip.Addr]bool // public /24 that were given
	seed      [16]byte
	seeded    bool
	next      int
}

func newAddresses(a *anonymiser) addresses {
	return addresses{a: a, originals: map[string]bool{}, networks: map[netip.Addr]bool{}, public: map[netip.Addr]netip.Addr{},
		replaced: map[string]string{}, used: map[netip.Addr]bool{}}
}

// parseAddress reads an address or a prefix. bits is -1 for an address, or for an address that carries the length of its network.
func parseAddress(text string) (address netip.Addr, bits int, suffix string, ok bool) {
	plain, length, found := strings.Cut(text, "/")
	address, err := netip.ParseAddr(plain)
	if err != nil {
		return netip.Addr{}, 0, "", false
	}
	if !found {
		return address, -1, "", true
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return address, -1, "/" + length, true
	}
	if prefix.Masked().Addr() == address && prefix.Bits() < address.BitLen() {
		return address, prefix.Bits(), "/" + length, true
	}
	return address, -1, "/" + length, true
}

// isKept reports whether an address or prefix says nothing about anybody.
func isKept(address netip.Addr, bits int) bool {
	plain := address.Unmap()
	switch {
	case plain.IsLoopback(), plain.IsUnspecified(), plain.IsMulticast(), isMask(plain), plain == netip.AddrFrom4([4]byte{168, 63, 129, 16}):
		return true
	case bits >= 0 && bits <= rangeOf(plain):
		return true
	}
	return slices.Contains([]string{"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"}, plain.String())
}

// isMask reports whether an IPv4 address is a network mask.
func isMask(address netip.Addr) bool {
	if !address.Is4() {
		return false
	}
	four := address.As4()
	mask := binary.BigEndian.Uint32(four[:])
	return mask>>24 == 0xff && ^mask&(^mask+1) == 0
}

// rangeOf is the length of the prefix that tells what kind of address it is: it stays.
func rangeOf(address netip.Addr) int {
	for _, kind := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fe80::/10", "fc00::/7"} {
		if prefix := netip.MustParsePrefix(kind); prefix.Contains(address) {
			return prefix.Bits()
		}
	}
	return 1
}

// isPublic reports whether an IPv4 address is in none of the ranges.
func isPublic(address netip.Addr) bool { return rangeOf(address) == 1 }

func (s *addresses) note(text string) {
	address, bits, _, ok := parseAddress(text)
	if !ok || isKept(address, bits) || s.isIssued(address, bits) {
		return
	}
	address = address.Unmap()
	s.originals[key(address, bits)] = true
	s.a.original[address.String()] = true
	if address.Is4() {
		s.networks[network24(address)] = true
	}
}

func key(address netip.Addr, bits int) string {
	if bits < 0 {
		return address.Unmap().String()
	}
	return fmt.Sprintf("%s/%d", address.Unmap(), bits)
}

func (s *addresses) isIssued(address netip.Addr, bits int) bool {
	k := key(address, bits)
	return s.a.issued[k] && !s.originals[k]
}

func network24(address netip.Addr) netip.Addr {
	return netip.PrefixFrom(address, 24).Masked().Addr()
}

// replace gives what stands in the place of an address or a prefix.
func (s *addresses) replace(text string) string {
	address, bits, suffix, ok := parseAddress(text)
	if !ok || isKept(address, bits) || s.isIssued(address, bits) {
		return text
	}
	mapped := ""
	if address.Is4In6() && bits < 0 {
		mapped = "::ffff:"
	}
	address = address.Unmap()
	k := key(address, bits)
	replacement, known := s.replaced[k]
	if !known {
		replacement = s.choose(address, bits)
		s.replaced[k] = replacement
		s.a.issued[replacement] = true
	}
	if bits >= 0 {
		return replacement
	}
	return mapped + replacement + suffix
}

func (s *addresses) choose(address netip.Addr, bits int) string {
	switch {
	case address.Is6():
		return s.choose6(address, bits)
	case isPublic(address):
		return s.choosePublic(address, bits)
	}
	moved := s.move(address)
	if bits < 0 {
		return moved.String()
	}
	return netip.PrefixFrom(moved, bits).Masked().String()
}

// move changes the bits between those of the range and the last octet, each depending on those before it.
func (s *addresses) move(address netip.Addr) netip.Addr {
	s.findSeed()
	return s.moveWith(s.seed, address)
}

func (s *addresses) moveWith(seed [16]byte, address netip.Addr) netip.Addr {
	four := address.As4()
	value := binary.BigEndian.Uint32(four[:])
	result := value
	for bit := rangeOf(address); bit < 24; bit++ {
		before := value >> (32 - bit) // the bits that it depends on
		sum := sha256.Sum256(binary.BigEndian.AppendUint32(append(seed[:], byte(bit), byte(rangeOf(address))), before))
		result ^= uint32(sum[0]&1) << (31 - bit)
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, result)))
}

// seedTries bounds the search for a seed by which no network takes the place of another that is in the text too. With the number of
// networks that a computer is in one of the first is good.
const seedTries = 300

func (s *addresses) findSeed() {
	if s.seeded {
		return
	}
	s.seeded = true
	for range seedTries {
		rand.Read(s.seed[:])
		free := true
		for network := range s.networks {
			if !isPublic(network) && s.networks[s.moveWith(s.seed, network)] {
				free = false
				break
			}
		}
		if free {
			return
		}
	}
}

// choosePublic gives a public network the next free one of those that are nobody's.
func (s *addresses) choosePublic(address netip.Addr, bits int) string {
	if bits >= 0 && bits < 24 {
		for n := range 1 << 12 {
			candidate := netip.PrefixFrom(netip.AddrFrom4([4]byte{240 + byte(n>>8), byte(n), 0, 0}), bits).Masked().String()
			if !s.a.issued[candidate] && !s.originals[candidate] {
				return candidate
			}
		}
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{240}), bits).Masked().String()
	}
	network := network24(address)
	replacement, known := s.public[network]
	for !known {
		replacement = publicNetwork(s.next)
		s.next++
		known = !s.networks[replacement]
	}
	s.public[network] = replacement
	four := replacement.As4()
	four[3] = address.As4()[3]
	result := netip.AddrFrom4(four)
	if bits < 0 {
		return result.String()
	}
	return netip.PrefixFrom(result, bits).Masked().String()
}

// publicNetwork counts through the /24s that are for documentation and benchmarks, and then through those that are reserved.
func publicNetwork(n int) netip.Addr {
	for _, first := range [][4]byte{{203, 0, 113}, {198, 51, 100}, {192, 0, 2}} {
		if n == 0 {
			return netip.AddrFrom4(first)
		}
		n--
	}
	if n < 512 {
		return netip.AddrFrom4([4]byte{198, 18 + byte(n>>8), byte(n)})
	}
	n -= 512
	return netip.AddrFrom4([4]byte{244 + byte(n>>16)%8, byte(n >> 8), byte(n)})
}

// choose6 gives an IPv6 network a number, and each address in it another.
func (s *addresses) choose6(address netip.Addr, bits int) string {
	if bits >= 0 {
		return s.a.fresh("prefix6", func(n int) string {
			base := fmt.Sprintf("3fff:%x::", n&0xfff)
			if rangeOf(address) == 7 {
				base = fmt.Sprintf("fd00:%x::", n&0xffff)
			}
			result := netip.PrefixFrom(netip.MustParseAddr(base), bits).Masked().String()
			if n > 1<<16 || bits < 20 {
				s.a.counters["prefix6"] = 0
				return fmt.Sprintf("3fff::%x/%d", n, bits) // there are no more of this length
			}
			return result
		})
	}
	network := netip.PrefixFrom(address, 64).Masked().String()
	write := "2001:db8:0:%x::%x"
	switch rangeOf(address) {
	case 10:
		return s.a.fresh("link6", func(n int) string { return canonical6(fmt.Sprintf("fe80::%x:%x", n>>16&0xffff, n&0xffff)) })
	case 7:
		write = "fd00:0:0:%x::%x"
	}
	number, known := s.a.counters["network6 "+network]
	if !known {
		s.a.counters["networks6"]++
		number = s.a.counters["networks6"]
		s.a.counters["network6 "+network] = number
	}
	return s.a.fresh("host6 "+network, func(n int) string { return canonical6(fmt.Sprintf(write, number&0xffff, n&0xffff)) })
}

func canonical6(text string) string { return netip.MustParseAddr(text).String() }
