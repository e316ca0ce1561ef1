package site

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	timeToLive     = 10 // seconds; short, so that nothing outlives a test
	forwardTimeout = 5 * time.Second
)

// NamesOptions describes a name server.
type NamesOptions struct {
	Packets net.PacketConn // where it is asked over UDP; it closes it
	Streams net.Listener   // and over TCP; it closes it; nil: not

	Records map[string][]netip.Addr // by full name without a final dot

	// Zones are the suffixes that Records is all about: other names below them do not exist. "." is everything.
	Zones []string
	// Forward says whom to ask for names in no zone, the longest suffix first: "corp.example", or "." for the rest. Without one
	// such questions are refused.
	Forward map[string]Forwarder
}

// Forwarder dials another name server, over UDP.
type Forwarder func(ctx context.Context) (net.Conn, error)

// Names is a running name server.
type Names struct {
	records map[string][]netip.Addr
	zones   []string
	forward map[string]Forwarder
	servers []*dns.Server
	ctx     context.Context
	stop    context.CancelFunc
	done    sync.WaitGroup
	visits  visits

	mu        sync.Mutex
	questions map[string]int
}

// NewNames starts a name server, which runs until Close.
func NewNames(options NamesOptions) *Names {
	ctx, stop := context.WithCancel(context.Background())
	n := &Names{records: make(map[string][]netip.Addr), forward: make(map[string]Forwarder), ctx: ctx, stop: stop, questions: make(map[string]int)}
	for name, addresses := range options.Records {
		n.records[canonical(name)] = addresses
	}
	for _, zone := range options.Zones {
		n.zones = append(n.zones, canonical(zone))
	}
	for suffix, forwarder := range options.Forward {
		n.forward[canonical(suffix)] = forwarder
	}
	n.serve(&dns.Server{PacketConn: options.Packets, Handler: n})
	if options.Streams != nil {
		n.serve(&dns.Server{Listener: options.Streams, Handler: n})
	}
	return n
}

// serve starts a server and waits until it runs, so that it can be shut down.
func (n *Names) serve(server *dns.Server) {
	started := make(chan struct{})
	var once sync.Once
	begun := func() { once.Do(func() { close(started) }) }
	server.NotifyStartedFunc = begun
	n.servers = append(n.servers, server)
	n.done.Go(func() {
		defer begun()
		server.ActivateAndServe() // ends with Shutdown
	})
	<-started
}

func canonical(name string) string { return strings.ToLower(dns.Fqdn(name)) }

// ServeDNS answers a question. It is miekg/dns's Handler.
func (n *Names) ServeDNS(writer dns.ResponseWriter, question *dns.Msg) {
	n.visits.add(writer.RemoteAddr())
	answer := n.answer(question)
	answer.Truncate(sizeFor(writer, question))
	writer.WriteMsg(answer) // a client that is gone does not matter
}

// sizeFor is how long an answer may be, in bytes.
func sizeFor(writer dns.ResponseWriter, question *dns.Msg) int {
	if _, stream := writer.RemoteAddr().(*net.TCPAddr); stream {
		return dns.MaxMsgSize
	}
	if extended := question.IsEdns0(); extended != nil {
		return max(int(extended.UDPSize()), dns.MinMsgSize)
	}
	return dns.MinMsgSize
}

func (n *Names) answer(question *dns.Msg) *dns.Msg {
	answer := new(dns.Msg)
	if len(question.Question) != 1 {
		return answer.SetRcode(question, dns.RcodeFormatError)
	}
	asked := question.Question[0]
	name := canonical(asked.Name)
	n.count(name)
	if addresses, known := n.records[name]; known {
		answer.SetReply(question)
		answer.Authoritative, answer.RecursionAvailable = true, len(n.forward) > 0
		answer.Answer = records(asked, addresses)
		return answer
	}
	for _, zone := range n.zones {
		if dns.IsSubDomain(zone, name) {
			answer.SetRcode(question, dns.RcodeNameError)
			answer.Authoritative = true
			return answer
		}
	}
	return n.ask(question, name)
}

func records(asked dns.Question, addresses []netip.Addr) []dns.RR {
	var found []dns.RR
	for _, address := range addresses {
		header := dns.RR_Header{Name: asked.Name, Class: dns.ClassINET, Ttl: timeToLive}
		switch {
		case asked.Qtype == dns.TypeA && address.Is4():
			header.Rrtype = dns.TypeA
			found = append(found, &dns.A{Hdr: header, A: address.AsSlice()})
		case asked.Qtype == dns.TypeAAAA && address.Is6():
			header.Rrtype = dns.TypeAAAA
			found = append(found, &dns.AAAA{Hdr: header, AAAA: address.AsSlice()})
		}
	}
	return found
}

// ask forwards a question to whom it belongs.
func (n *Names) ask(question *dns.Msg, name string) *dns.Msg {
	longest := ""
	for suffix := range n.forward {
		if dns.IsSubDomain(suffix, name) && len(suffix) > len(longest) {
			longest = suffix
		}
	}
	answer := new(dns.Msg)
	if longest == "" {
		return answer.SetRcode(question, dns.RcodeRefused)
	}
	forwarded, err := exchange(n.ctx, n.forward[longest], question)
	if err != nil {
		return answer.SetRcode(question, dns.RcodeServerFailure)
	}
	forwarded.Authoritative, forwarded.RecursionAvailable = false, true
	return forwarded
}

func exchange(ctx context.Context, dial Forwarder, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, forwardTimeout)
	defer cancel()
	connection, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	client := &dns.Client{Timeout: forwardTimeout, UDPSize: dns.MaxMsgSize}
	answer, _, err := client.ExchangeWithConnContext(ctx, question.Copy(), &dns.Conn{Conn: connection, UDPSize: dns.MaxMsgSize})
	return answer, err
}

func (n *Names) count(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.questions[name]; known || len(n.questions) < maxSources {
		n.questions[name]++
	}
}

// Visitors counts the questions by the address they came from.
func (n *Names) Visitors() map[netip.Addr]int { return n.visits.snapshot() }

// Questions counts the questions by name, with its final dot.
func (n *Names) Questions() map[string]int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.questions)
}

// Close ends the server.
func (n *Names) Close() error {
	n.stop()
	var errs []error
	for _, server := range n.servers {
		errs = append(errs, server.Shutdown())
	}
	n.done.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close name server: %w", err)
	}
	return nil
}
