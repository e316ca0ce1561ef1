package site_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/site"
)

var here = netip.MustParseAddr("127.0.0.1")

func TestPage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := site.NewPage("the page in Azure", listener)
	response, err := http.Get("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || !strings.Contains(string(text), "the page in Azure") || !strings.Contains(string(text), "127.0.0.1") {
		t.Errorf("%q, %v", text, err)
	}
	if visitors := page.Visitors(); visitors[here] != 1 || len(visitors) != 1 {
		t.Errorf("visitors %v", visitors)
	}
	if err := page.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get("http://" + listener.Addr().String()); err == nil {
		t.Error("open after Close")
	}
}

func newNames(t *testing.T, options site.NamesOptions) (names *site.Names, packets, streams string) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	options.Packets, options.Streams = socket, listener
	names = site.NewNames(options)
	t.Cleanup(func() {
		if err := names.Close(); err != nil {
			t.Error(err)
		}
	})
	return names, socket.LocalAddr().String(), listener.Addr().String()
}

func TestNames(t *testing.T) {
	many := make([]netip.Addr, 100)
	for i := range many {
		many[i] = netip.AddrFrom4([4]byte{10, 101, 0, byte(i)})
	}
	corp, corpAddress, _ := newNames(t, site.NamesOptions{Zones: []string{"corp.example"},
		Records: map[string][]netip.Addr{"intranet.corp.example": {netip.MustParseAddr("10.101.0.4")}, "many.corp.example": many}})
	vnet, vnetAddress, vnetStreams := newNames(t, site.NamesOptions{Zones: []string{"vnet.example"},
		Records: map[string][]netip.Addr{"app.vnet.example": {netip.MustParseAddr("10.10.0.4"), netip.MustParseAddr("fd00:10::4")}},
		Forward: map[string]site.Forwarder{"corp.example": func(context.Context) (net.Conn, error) { return net.Dial("udp", corpAddress) }}})
	tests := []struct {
		network, server, name string
		kind                  uint16
		code, answers         int
	}{
		{"udp", vnetAddress, "app.vnet.example.", dns.TypeA, dns.RcodeSuccess, 1},
		{"udp", vnetAddress, "APP.vnet.Example.", dns.TypeAAAA, dns.RcodeSuccess, 1},
		{"tcp", vnetStreams, "app.vnet.example.", dns.TypeA, dns.RcodeSuccess, 1},
		{"udp", vnetAddress, "app.vnet.example.", dns.TypeTXT, dns.RcodeSuccess, 0},
		{"udp", vnetAddress, "nothing.vnet.example.", dns.TypeA, dns.RcodeNameError, 0},
		{"udp", vnetAddress, "intranet.corp.example.", dns.TypeA, dns.RcodeSuccess, 1},
		{"udp", vnetAddress, "nothing.corp.example.", dns.TypeA, dns.RcodeNameError, 0},
		{"udp", vnetAddress, "www.outside.example.", dns.TypeA, dns.RcodeRefused, 0},
		{"udp", corpAddress, "app.vnet.example.", dns.TypeA, dns.RcodeRefused, 0},
		{"tcp", vnetStreams, "many.corp.example.", dns.TypeA, dns.RcodeSuccess, 100},
	}
	for _, test := range tests {
		question := new(dns.Msg).SetQuestion(test.name, test.kind)
		question.SetEdns0(4096, false)
		answer, _, err := (&dns.Client{Net: test.network}).Exchange(question, test.server)
		if err != nil {
			t.Errorf("%s at %s: %v", test.name, test.server, err)
			continue
		}
		if answer.Rcode != test.code || len(answer.Answer) != test.answers {
			t.Errorf("%s over %s: %s with %d answers", test.name, test.network, dns.RcodeToString[answer.Rcode], len(answer.Answer))
		}
	}
	small, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion("many.corp.example.", dns.TypeA), vnetAddress)
	if err != nil || !small.Truncated {
		t.Errorf("a long answer over UDP without EDNS: %v, %v", small, err)
	}
	if vnet.Visitors()[here] != 10 || corp.Questions()["intranet.corp.example."] != 1 {
		t.Errorf("visitors %v, questions %v", vnet.Visitors(), corp.Questions())
	}
}

func TestForwarderThatIsDead(t *testing.T) {
	_, address, _ := newNames(t, site.NamesOptions{Forward: map[string]site.Forwarder{".": func(context.Context) (net.Conn, error) {
		return nil, net.ErrClosed
	}}})
	answer, _, err := new(dns.Client).Exchange(new(dns.Msg).SetQuestion("www.outside.example.", dns.TypeA), address)
	if err != nil || answer.Rcode != dns.RcodeServerFailure {
		t.Errorf("%v, %v", answer, err)
	}
}
