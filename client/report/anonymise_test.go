package report

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAnonymiserReplacesTheSameByTheSame(t *testing.T) {
	a := newAnonymiser()
	a.learnWord(userWord, "alice")
	text := `alice@contoso.com dialled db.prod.contoso.com (10.20.30.40) from 192.168.178.23/24
route 10.20.0.0/16 via 192.168.178.1, then 10.20.31.9 and 20.50.60.70:443 beside 20.50.60.71; [2a01:4f8:1:2::3]:53 fe80::1234:5678
azuregateway-11111111-2222-3333-4444-555555555555-0123456789ab.vpn.azure.com is 11111111-2222-3333-4444-555555555555.vpn.azure.com
https://login.microsoftonline.com/99999999-2222-3333-4444-555555555555/v2.0 wants c632b3df-fb67-4d84-bdcf-b95ad541b5c8
52:54:00:12:34:56 CN=alice, O=Contoso Ltd, C=NL and "CN=DigiCert Global Root G2, OU=www.digicert.com, O=DigiCert Inc, C=US"
/home/alice/.config 168.63.129.16 127.0.0.1 255.255.255.0 0.0.0.0/0 at 19:24:34, tunnel.go:12, version 1.26.8, org.freedesktop.resolve1
`
	out := a.apply(text)
	for _, gone := range []string{"alice", "contoso", "Contoso", "db.prod", "10.20.", "192.168.178", "20.50.60", "2a01", "1234:5678", "1111-2222", "99999999", "0123456789ab", "52:54"} {
		if strings.Contains(out, gone) {
			t.Errorf("%q is still there", gone)
		}
	}
	for _, kept := range []string{"168.63.129.16", "127.0.0.1", "255.255.255.0", "0.0.0.0/0", "login.microsoftonline.com", "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", "C=NL",
		"CN=DigiCert Global Root G2, OU=www.digicert.com", ".vpn.azure.com", "azuregateway-", "19:24:34", "tunnel.go:12", "1.26.8", "org.freedesktop.resolve1", ":443", "]:53"} {
		if !strings.Contains(out, kept) {
			t.Errorf("%q is gone", kept)
		}
	}
	if again := a.apply(text); again != out {
		t.Errorf("the same text became\n%s\nand\n%s", out, again)
	}
	if twice := a.apply(out); twice != out {
		t.Errorf("applied twice\n%s\ninstead of\n%s", twice, out)
	}
	user := regexp.MustCompile(`(user\d+)@(domain\d+\.example) dialled \w+\.\w+\.(domain\d+\.example)`).FindStringSubmatch(out)
	if user == nil || user[2] != user[3] || !strings.Contains(out, "/home/"+user[1]+"/") || !strings.Contains(out, "CN="+user[1]) {
		t.Errorf("names do not belong together: %q\n%s", user, out)
	}
}

func TestAnonymiserKeepsTheStructureOfAddresses(t *testing.T) {
	a := newAnonymiser()
	text := "10.1.0.0/16 10.1.2.3 10.1.2.4 10.1.3.4 172.16.5.6 192.168.0.10 100.64.1.2 169.254.9.9 93.184.216.34 93.184.216.35 93.185.1.1 fd12:3456::1 2a00::1 2a00::2"
	a.learn(text)
	out := strings.Fields(a.apply(text))
	in := strings.Fields(text)
	network, err := netip.ParsePrefix(out[0])
	if err != nil || network.Bits() != 16 || network.Masked() != network {
		t.Fatalf("%s became %s", in[0], out[0])
	}
	var addresses []netip.Addr
	for i, text := range out[1:] {
		address, err := netip.ParseAddr(text)
		if err != nil {
			t.Fatal(err)
		}
		before := netip.MustParseAddr(in[i+1])
		if rangeOf(address) != rangeOf(before) || before == address {
			t.Errorf("%s became %s", before, address)
		}
		addresses = append(addresses, address)
	}
	for i := range 3 {
		if !network.Contains(addresses[i]) {
			t.Errorf("%s is not in %s", addresses[i], network)
		}
	}
	if network24(addresses[0]) != network24(addresses[1]) || network24(addresses[1]) == network24(addresses[2]) ||
		network24(addresses[7]) != network24(addresses[8]) || network24(addresses[8]) == network24(addresses[9]) {
		t.Errorf("networks are torn apart or put together: %v", addresses)
	}
	if slices.ContainsFunc(out, func(o string) bool { return slices.Contains(in, o) }) {
		t.Errorf("an original is among %v", out)
	}
}

func FuzzAnonymiser(f *testing.F) {
	for _, seed := range []string{"10.0.0.1", "alice", "bob@corp.example x.alice", "CN=alice", "fe80::1%eth0 ::ffff:10.0.0.1", "10.1.0.0/16 1.2.3.4.5 12345::1",
		"user1 user2@domain1.example host1.domain1.example CN=name1", "192.168.1.1 192.168.2.1 203.0.113.7 198.18.0.1/15", "xyz::2 abcde::2 2001:db8::1",
		"alice%40contoso.com CN=a.b@c.de", "00000000-0000-4000-8000-000000000001 02:00:00:00:00:01", "domain1.example", "CN= x ,O=10.0.0.1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 {
			return
		}
		const planted = " 10.9.8.7 alice@contoso.com db.contoso.com 12345678-9abc-def0-1234-56789abcdef0 \n"
		a := newAnonymiser()
		a.learnWord(userWord, "alice")
		once := a.apply(text + planted)
		for _, original := range []string{"10.9.8.7", "alice@contoso", "db.contoso.com", "12345678-9abc"} {
			if strings.HasSuffix(strings.TrimSpace(once), original) || strings.Contains(once[max(0, len(once)-200):], " "+original+" ") {
				t.Errorf("%s survives in %q", original, once)
			}
		}
		if twice := a.apply(once); twice != once {
			t.Errorf("%q\n%q\n%q", text, once, twice)
		}
	})
}
