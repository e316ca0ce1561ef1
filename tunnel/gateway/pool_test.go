package gateway

import (
	"errors"
	"net/netip"
	"testing"
)

func TestPoolNumbersBothFamilies(t *testing.T) {
	p := newPool(netip.MustParsePrefix("10.99.0.0/16"), netip.MustParsePrefix("fd00:99::/64"))
	if got := p.gateway4(); got != netip.MustParseAddr("10.99.0.1") {
		t.Errorf("gateway has %v", got)
	}
	if got := p.gateway6(); got != netip.MustParseAddr("fd00:99::1") {
		t.Errorf("gateway has %v", got)
	}
	var last lease
	for range 300 {
		var err error
		if last, err = p.acquire(""); err != nil {
			t.Fatal(err)
		}
	}
	if last.ipv4 != netip.MustParseAddr("10.99.1.45") || last.ipv6 != netip.MustParseAddr("fd00:99::12d") {
		t.Errorf("the 300th client has %v and %v", last.ipv4, last.ipv6)
	}
}

func TestPoolWithoutAFamily(t *testing.T) {
	p := newPool(netip.Prefix{}, netip.MustParsePrefix("fd00:99::/64"))
	l, err := p.acquire("a")
	if err != nil || l.ipv4.IsValid() || l.ipv6 != netip.MustParseAddr("fd00:99::2") {
		t.Errorf("lease %v, error %v", l, err)
	}
}

func TestPoolIsExhaustedAndRecovers(t *testing.T) {
	p := newPool(netip.MustParsePrefix("192.0.2.64/29"), netip.Prefix{})
	leases := map[netip.Addr]lease{}
	for range 5 { // 8 addresses without network, gateway and broadcast
		l, err := p.acquire("")
		if err != nil {
			t.Fatal(err)
		}
		leases[l.ipv4] = l
	}
	if len(leases) != 5 {
		t.Errorf("addresses are given twice: %v", leases)
	}
	for _, unusable := range []string{"192.0.2.64", "192.0.2.65", "192.0.2.71"} {
		if _, found := leases[netip.MustParseAddr(unusable)]; found {
			t.Errorf("%s was given to a client", unusable)
		}
	}
	if _, err := p.acquire(""); !errors.Is(err, errPoolExhausted) {
		t.Errorf("error %v", err)
	}
	freed := leases[netip.MustParseAddr("192.0.2.68")]
	p.release(freed)
	if l, err := p.acquire(""); err != nil || l.ipv4 != freed.ipv4 {
		t.Errorf("lease %v, error %v", l, err)
	}
}

func TestPoolRemembersNames(t *testing.T) {
	p := newPool(netip.MustParsePrefix("192.0.2.0/24"), netip.Prefix{})
	first, _ := p.acquire("ann")
	other, _ := p.acquire("ben")
	p.release(first)
	p.release(other)
	if again, _ := p.acquire("ben"); again.ipv4 != other.ipv4 {
		t.Errorf("ben had %v and gets %v", other.ipv4, again.ipv4)
	}
	if again, _ := p.acquire("ben"); again.ipv4 == other.ipv4 {
		t.Error("two sessions of ben have one address")
	}
}
