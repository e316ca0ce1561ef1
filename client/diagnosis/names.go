package diagnosis

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// maxGateways bounds how many of a profile's servers are looked at.
const maxGateways = 4

// checkNames resolves the gateway's names as programs do, and asks each name server by itself where that says more.
func checkNames(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	switch {
	case x.profile == nil:
		return one(NoProfile)
	case f.proxy != nil:
		return one(NamesByProxy)
	}
	servers := x.profile.Servers[:min(len(x.profile.Servers), maxGateways)]
	gateways := make([]gatewayHost, len(servers))
	answers := make([][]serverAnswer, len(servers))
	errs := make([]error, len(servers))
	var asking sync.WaitGroup
	for i, server := range servers {
		gateways[i].server = server
		asking.Go(func() { gateways[i].addresses, errs[i] = x.lookUp(ctx, server.Host) })
		if _, err := netip.ParseAddr(server.Host); err != nil && f.computer != nil {
			asking.Go(func() { answers[i] = x.askEach(ctx, f.computer.Names.Servers, server.Host) })
		}
	}
	asking.Wait()
	learn := func(f *facts) { f.gateways = gateways }
	if connection := f.connected(); connection != nil {
		return []Check{say(ReachByTunnel, connection.Remote.String())}, learn
	}
	if !slices.ContainsFunc(literals(x.profile), func(l literal) bool { return !l.ok }) {
		return []Check{say(NamesNotNeeded)}, learn
	}
	checks, good := []Check(nil), false
	for i := range gateways {
		check := judgeNames(f.computer, gateways[i], errs[i], answers[i])
		checks, good = append(checks, check), good || check.Verdict == OK
	}
	if good && len(checks) > 1 { // the others are tried by a connection too, so their faults are no more than worth saying
		for i := range checks {
			if checks[i].Verdict == Failed {
				checks[i].Verdict = Warning
			}
		}
	}
	return checks, learn
}

// judgeNames says what the answers about one server mean.
func judgeNames(computer *Computer, g gatewayHost, err error, answers []serverAnswer) Check {
	detail := []string{g.server.Host + ": " + list(g.addresses), describeAnswers(answers)}
	if err != nil {
		detail[0] = err.Error()
	}
	someKnow := slices.ContainsFunc(answers, func(a serverAnswer) bool { return len(a.addresses) > 0 })
	switch {
	case err == nil && slices.ContainsFunc(g.addresses, func(a netip.Addr) bool { return isFalse(g.server.Host, a) }):
		return say(NamesFalse, detail...)
	case err == nil && onlyIPv6(g.addresses) && computer != nil && !computer.NoRoutes && !computer.hasDefault(true):
		return say(NamesIPv6Only, detail...)
	case err == nil:
		return say(NamesOK, detail...)
	case someKnow:
		return say(NamesDiffer, detail...)
	case notFound(err):
		return say(NamesNotFound, detail...)
	default:
		return say(NamesNoAnswer, detail...)
	}
}

// notFound reports whether some server said that there is no such name, or no address for it.
func notFound(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all := joined.Unwrap()
		return len(all) > 0 && !slices.ContainsFunc(all, func(err error) bool { return transport.Classify(err) != transport.NameNotFound })
	}
	return transport.Classify(err) == transport.NameNotFound
}

// isFalse reports whether a public name cannot have this address: what filters names answers with nothing, with itself, or with a
// server of the local network.
func isFalse(host string, address netip.Addr) bool {
	if _, isPublic := publicsuffix.PublicSuffix(strings.ToLower(host)); address.IsUnspecified() || isPublic && address.IsLoopback() {
		return true
	}
	return isAzureName(host) && (address.IsPrivate() || address.IsLinkLocalUnicast())
}

// isAzureName reports whether a gateway is Azure's, whose outer address is always public.
func isAzureName(host string) bool {
	return strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), ".vpn.azure.com")
}

func onlyIPv6(addresses []netip.Addr) bool {
	return !slices.ContainsFunc(addresses, netip.Addr.Is4)
}

func list[T fmt.Stringer](items []T) string {
	var texts []string
	for _, item := range items {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ", ")
}

// reachable is what came of connecting to an address.
type reachable struct {
	gateway int
	address netip.AddrPort
	took    time.Duration
	err     error
}

// checkReach connects to every address of every server.
func checkReach(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	switch {
	case x.profile == nil:
		return one(NoProfile)
	case f.proxy != nil:
		return one(ReachByProxy)
	case f.connected() != nil:
		return one(ReachByTunnel, f.connected().Remote.String())
	}
	var tries []reachable
	udp := false
	for i, g := range f.gateways {
		if x.transport(g.server) == profiles.UDP {
			udp = true
			continue
		}
		for _, address := range g.addresses[:min(len(g.addresses), maxGateways)] {
			tries = append(tries, reachable{gateway: i, address: netip.AddrPortFrom(address, g.server.Port)})
		}
	}
	if len(tries) == 0 && udp {
		return one(ReachNotTested)
	}
	x.connectAll(ctx, tries)
	gateways := slices.Clone(f.gateways)
	for _, try := range tries {
		if try.err == nil && !gateways[try.gateway].reached.IsValid() {
			gateways[try.gateway].reached = try.address
		}
	}
	return []Check{judgeReach(gateways, tries)}, func(f *facts) { f.gateways = gateways }
}

func (x *examination) connectAll(ctx context.Context, tries []reachable) {
	ctx, cancel := context.WithTimeout(ctx, 3500*time.Millisecond) // a handshake is sent again after one and after three seconds
	defer cancel()
	var connecting sync.WaitGroup
	for i := range tries {
		connecting.Go(func() {
			started := time.Now()
			conn, err := x.Dial(ctx, "tcp", tries[i].address.String())
			tries[i].took, tries[i].err = time.Since(started), err
			if err == nil {
				conn.Close()
			}
		})
	}
	connecting.Wait()
}

func judgeReach(gateways []gatewayHost, tries []reachable) Check {
	var details []string
	codes := map[transport.Code]bool{}
	for _, try := range tries {
		text := fmt.Sprintf("%s after %v", try.address, try.took.Round(time.Millisecond))
		if try.err != nil {
			codes[transport.Classify(try.err)] = true
			text = try.err.Error()
		}
		details = append(details, text)
	}
	unreached := slices.ContainsFunc(gateways, func(g gatewayHost) bool { return !g.reached.IsValid() })
	reached := slices.ContainsFunc(gateways, func(g gatewayHost) bool { return g.reached.IsValid() })
	switch {
	case reached && unreached:
		return say(ReachSome, details...)
	case reached:
		return say(ReachOK, details...)
	case codes[transport.Refused], codes[transport.Reset]:
		return say(ReachRefused, details...)
	case codes[transport.TimedOut], codes[transport.Cancelled]:
		return say(ReachFiltered, details...)
	default:
		return say(ReachNoRoute, details...)
	}
}
