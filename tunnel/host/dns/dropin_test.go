package dns

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRenderDropIn(t *testing.T) {
	base := file{servers: []netip.Addr{netip.MustParseAddr("192.168.1.1")}, search: []string{"home.test"}}
	tunnel := section{"tun0", "1@1", Config{Servers: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("fd00::4")}, Search: []string{"corp.test"}, Match: []string{"x.test"}}}
	all := tunnel
	all.Config.AllNames = true
	for _, test := range []struct {
		name   string
		tunnel section
		state  managerState
		want   string
	}{
		{"one list for all", tunnel, managerState{base: base},
			"[global-dns]\nsearches=corp.test,home.test\n[global-dns-domain-*]\nservers=10.0.0.4,fd00::4,192.168.1.1\n"},
		{"divided", tunnel, managerState{base: base, splits: true},
			"[global-dns]\nsearches=corp.test,home.test\n[global-dns-domain-*]\nservers=192.168.1.1\n" +
				"[global-dns-domain-corp.test]\nservers=10.0.0.4,fd00::4\n[global-dns-domain-x.test]\nservers=10.0.0.4,fd00::4\n"},
		{"all names", all, managerState{base: base},
			"[global-dns]\nsearches=corp.test,home.test\n[global-dns-domain-*]\nservers=10.0.0.4,fd00::4\n"},
		{"no other server", tunnel, managerState{splits: true},
			"[global-dns]\nsearches=corp.test\n[global-dns-domain-*]\nservers=10.0.0.4,fd00::4\n" +
				"[global-dns-domain-corp.test]\nservers=10.0.0.4,fd00::4\n[global-dns-domain-x.test]\nservers=10.0.0.4,fd00::4\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := string(renderDropIn([]section{test.tunnel}, test.state))
			_, text, _ = strings.Cut(text, tunnelMark)
			_, text, _ = strings.Cut(text, "\n")
			if diff := cmp.Diff(test.want, text); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
