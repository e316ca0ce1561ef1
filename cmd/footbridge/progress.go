package main

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// progress shows what happens to a connection.
type progress interface {
	event(tunnel.Event)
	finding(finding.Finding)
	end() // nothing follows
}

func (a *app) newProgress() progress {
	if a.json {
		return jsonProgress{a}
	}
	return &textProgress{app: a}
}

// textProgress is for people: a line for each step, without repeating what did not change.
type textProgress struct {
	app *app

	mu      sync.Mutex
	waiting *waiting // what the user sees time pass for; nil: nothing
}

func (p *textProgress) finding(f finding.Finding) { p.app.showFinding(f) }

func (p *textProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopWaiting()
}

func (p *textProgress) stopWaiting() {
	if p.waiting != nil {
		p.waiting.stop()
		p.waiting = nil
	}
}

func (p *textProgress) event(e tunnel.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopWaiting()
	switch e.Kind {
	case tunnel.KindState:
		p.state(e)
	case tunnel.KindStage:
		p.stage(e)
	case tunnel.KindSession:
		p.app.showSession(e.Session)
	case tunnel.KindRetry:
		p.retry(e)
	case tunnel.KindWarning:
		p.app.say("progress.warning", language.Values{"Text": p.app.translate(e.Message)})
	case tunnel.KindMessage:
		p.app.say("progress.message", language.Values{"Text": e.Message})
	}
}

func (p *textProgress) state(e tunnel.Event) {
	switch e.State {
	case tunnel.Reconnecting:
		p.app.say("progress.reconnecting", language.Values{"Reason": p.app.sentence(e.Problem)})
	case tunnel.Disconnecting:
		p.app.say("progress.disconnecting", nil)
	case tunnel.Disconnected:
		p.app.say("progress.disconnected", nil)
	}
}

func (p *textProgress) retry(e tunnel.Event) {
	if e.Wait < 1 {
		p.app.say("progress.retry", language.Values{"Reason": p.app.sentence(e.Problem)})
		return
	}
	wait := time.Duration(e.Wait * float64(time.Second))
	p.app.say("progress.retry-in", language.Values{"Reason": p.app.sentence(e.Problem), "Wait": p.app.texts().Duration(wait)})
}

func (p *textProgress) stage(e tunnel.Event) {
	switch e.Stage {
	case tunnel.Resolving:
		p.app.say("progress.resolving", language.Values{"Server": e.Server})
	case tunnel.Dialling:
		p.app.say("progress.connecting", language.Values{"Server": e.Server})
	case tunnel.Handshaking:
		p.app.say("progress.verifying-gateway", nil)
	case tunnel.Authenticating:
		p.app.say("progress.signing-in", nil)
	case tunnel.Pending:
		p.waiting = p.app.wait("progress.waiting-for-approval")
	case tunnel.Configuring:
		p.app.say("progress.configuring", nil)
	}
}

// showSession tells what a connection is like.
func (a *app) showSession(s *tunnel.Session) {
	a.out.styledLine(green, a.text("progress.connected", language.Values{"Server": s.Server, "Transport": strings.ToUpper(s.Transport),
		"TLS": s.TLSVersion, "Cipher": s.Cipher}))
	a.out.facts([]fact{
		{"  " + a.text("session.address", nil), cell{text: join(s.Addresses) + " (" + s.Interface + ")"}},
		{"  " + a.text("session.routes", nil), cell{text: a.routes(s.Routes)}},
		{"  " + a.text("session.dns", nil), cell{text: a.dns(s)}},
	})
}

// dns says which name servers are asked for which names.
func (a *app) dns(s *tunnel.Session) string {
	if len(s.DNSServers) == 0 {
		return ""
	}
	if len(s.DNSSuffixes) == 0 {
		return a.text("session.dns-all", language.Values{"Servers": join(s.DNSServers)})
	}
	return a.text("session.dns-some", language.Values{"Servers": join(s.DNSServers), "Suffixes": strings.Join(s.DNSSuffixes, ", ")})
}

// manyRoutes is how many prefixes people read; more are counted.
const manyRoutes = 12

func (a *app) routes(prefixes []netip.Prefix) string {
	if len(prefixes) <= manyRoutes || a.verbose {
		return join(prefixes)
	}
	return a.texts().Count("session.more-routes", len(prefixes)-manyRoutes, language.Values{"Routes": join(prefixes[:manyRoutes])})
}

func join[T fmt.Stringer](list []T) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = item.String()
	}
	return strings.Join(texts, ", ")
}

// sentence is what happened, in the user's language.
func (a *app) sentence(p *tunnel.Problem) string {
	if p == nil {
		return ""
	}
	sentence, _ := a.texts().Explain(language.Problems, string(p.Code), p.Sentence, p.Remedy)
	return sentence
}

// translate is a text of another package in the user's language, where the catalogue has it.
func (a *app) translate(text string) string {
	translated, _ := a.texts().Translate(text)
	return translated
}

// jsonProgress is for programs: one object a line. Its "kind" is an event's kind, "finding" or "failure".
type jsonProgress struct{ app *app }

func (p jsonProgress) event(e tunnel.Event) { p.app.printLine(e) }

func (p jsonProgress) finding(f finding.Finding) {
	p.app.printLine(struct {
		line
		findingJSON
	}{line{"finding"}, toFindingJSON(f)})
}

func (jsonProgress) end() {}
