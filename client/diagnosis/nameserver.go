package diagnosis

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// serverAnswer is what one name server said.
type serverAnswer struct {
	server    netip.AddrPort
	code      int // dns.RcodeSuccess …, where err is nil
	addresses []netip.Addr
	err       error // it did not answer
}

// askPatience is how long one name server is waited for.
const askPatience = 2500 * time.Millisecond

// askEach asks every server for the addresses of a name.
func (x *examination) askEach(ctx context.Context, servers []netip.AddrPort, name string) []serverAnswer {
	servers = servers[:min(len(servers), maxServers)]
	answers := make([]serverAnswer, len(servers))
	var asking sync.WaitGroup
	for i, server := range servers {
		asking.Go(func() { answers[i] = x.ask(ctx, server, name) })
	}
	asking.Wait()
	return answers
}

// ask asks one server for both kinds of addresses. Any answer, a refusal too, shows that it lives.
func (x *examination) ask(ctx context.Context, server netip.AddrPort, name string) serverAnswer {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	answer := serverAnswer{server: server}
	for _, kind := range []uint16{dns.TypeA, dns.TypeAAAA} {
		message, err := x.exchange(ctx, server, name, kind)
		if err != nil {
			if answer.err == nil && kind == dns.TypeA {
				answer.err = err
			}
			break
		}
		answer.code = message.Rcode
		for _, record := range message.Answer {
			var address netip.Addr
			switch record := record.(type) {
			case *dns.A:
				address, _ = netip.AddrFromSlice(record.A)
			case *dns.AAAA:
				address, _ = netip.AddrFromSlice(record.AAAA)
			}
			if address = address.Unmap(); address.IsValid() && !slices.Contains(answer.addresses, address) {
				answer.addresses = append(answer.addresses, address)
			}
		}
	}
	return answer
}

// exchange asks over UDP and, where the answer was cut short, over TCP.
func (x *examination) exchange(ctx context.Context, server netip.AddrPort, name string, kind uint16) (*dns.Msg, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(name), kind)
	question.SetEdns0(dns.DefaultMsgSize, false)
	var message *dns.Msg
	for _, network := range []string{"udp", "tcp"} {
		conn, err := x.Dial(ctx, network, server.String())
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", server, err)
		}
		stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
		client := dns.Client{Net: network, Timeout: askPatience}
		message, _, err = client.ExchangeWithConnContext(ctx, question, &dns.Conn{Conn: conn, UDPSize: dns.DefaultMsgSize})
		stop()
		conn.Close()
		if err != nil {
			return nil, fmt.Errorf("ask %s: %w", server, err)
		}
		if !message.Truncated {
			break
		}
	}
	return message, nil
}

func describeAnswers(answers []serverAnswer) string {
	var texts []string
	for _, a := range answers {
		text := list(a.addresses)
		switch {
		case a.err != nil:
			text = "no answer"
		case text == "":
			text = dns.RcodeToString[a.code]
			if a.code == dns.RcodeSuccess {
				text = "no address"
			}
		}
		texts = append(texts, fmt.Sprintf("%s says %s", a.server.Addr(), text))
	}
	return strings.Join(texts, ", ")
}
