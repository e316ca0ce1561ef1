package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// progress shows what happens to a connection.
type progress interface {
	event(tunnel.Event)
	finding(finding.Finding)
	failure(error)
}

// Exit codes of the command line, documented in the README.
const (
	exitFailed  = 1 // the connection failed, for the reason that was printed
	exitProfile = 3 // the file is not a usable profile
)

func exitCode(err error) int {
	var importError *profiles.ImportError
	if errors.As(err, &importError) {
		return exitProfile
	}
	return exitFailed
}

// textProgress is for people: a line for each step, without repeating what did not change.
type textProgress struct{ out io.Writer }

func newTextProgress(out io.Writer) progress { return textProgress{out} }

func (p textProgress) line(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

func (p textProgress) finding(f finding.Finding) {
	if f.Severity != finding.Note {
		p.line("%s: %s", f.Severity, f)
	}
}

func (p textProgress) failure(err error) { p.line("Failed: %s", err) }

func (p textProgress) event(e tunnel.Event) {
	switch e.Kind {
	case tunnel.KindState:
		p.state(e)
	case tunnel.KindStage:
		p.stage(e)
	case tunnel.KindSession:
		p.session(e.Session)
	case tunnel.KindRetry:
		p.retry(e)
	case tunnel.KindWarning:
		p.line("Warning: %s", e.Message)
	case tunnel.KindMessage:
		p.line("The gateway says: %s", e.Message)
	}
}

func (p textProgress) state(e tunnel.Event) {
	switch e.State {
	case tunnel.Reconnecting:
		p.line("%s Reconnecting.", e.Problem.Sentence)
	case tunnel.Disconnecting:
		p.line("Disconnecting.")
	case tunnel.Disconnected:
		p.line("Disconnected.")
	}
}

func (p textProgress) retry(e tunnel.Event) {
	if e.Wait < 1 {
		p.line("%s Trying again.", e.Problem)
		return
	}
	p.line("%s Trying again in %.0f s.", e.Problem, e.Wait)
}

func (p textProgress) stage(e tunnel.Event) {
	switch e.Stage {
	case tunnel.Dialling:
		p.line("Connecting to %s.", e.Server)
	case tunnel.Handshaking:
		p.line("Verifying the gateway.")
	case tunnel.Authenticating:
		p.line("Signing in.")
	case tunnel.Pending:
		p.line("Waiting for the sign-in to be approved.")
	case tunnel.Configuring:
		p.line("Configuring this computer.")
	}
}

func (p textProgress) session(s *tunnel.Session) {
	p.line("Connected to %s (%s, %s, %s).", s.Server, strings.ToUpper(s.Transport), s.TLSVersion, s.Cipher)
	p.line("  Address  %s on %s", join(s.Addresses), s.Interface)
	p.line("  Routes   %s", join(s.Routes))
	if len(s.DNSServers) > 0 {
		names := "all names"
		if len(s.DNSSuffixes) > 0 {
			names = "names under " + strings.Join(s.DNSSuffixes, ", ")
		}
		p.line("  DNS      %s for %s", joinAddresses(s.DNSServers), names)
	}
}

// manyRoutes is how many prefixes a line can hold; more are counted.
const manyRoutes = 12

func join(prefixes []netip.Prefix) string {
	var texts []string
	for i, prefix := range prefixes {
		if i == manyRoutes {
			texts = append(texts, fmt.Sprintf("and %d more", len(prefixes)-i))
			break
		}
		texts = append(texts, prefix.String())
	}
	return strings.Join(texts, ", ")
}

func joinAddresses(addresses []netip.Addr) string {
	var texts []string
	for _, address := range addresses {
		texts = append(texts, address.String())
	}
	return strings.Join(texts, ", ")
}

// jsonProgress is for programs: one object a line. Its "kind" is an event's kind, "finding" or "failure".
type jsonProgress struct{ encoder *json.Encoder }

func newJSONProgress(out io.Writer) progress { return jsonProgress{json.NewEncoder(out)} }

func (p jsonProgress) event(e tunnel.Event) { p.encoder.Encode(e) }

func (p jsonProgress) finding(f finding.Finding) {
	p.encoder.Encode(struct {
		Kind     string `json:"kind"`
		Severity string `json:"severity"`
		Code     string `json:"code"`
		File     string `json:"file,omitempty"`
		Line     int    `json:"line,omitempty"`
		Problem  string `json:"problem"`
		Remedy   string `json:"remedy,omitempty"`
	}{"finding", f.Severity.String(), f.Code, f.File, f.Line, f.Problem, f.Remedy})
}

func (p jsonProgress) failure(err error) {
	var problem *tunnel.Problem
	errors.As(err, &problem)
	p.encoder.Encode(struct {
		Kind    string          `json:"kind"`
		Error   string          `json:"error"`
		Problem *tunnel.Problem `json:"problem,omitempty"`
	}{"failure", err.Error(), problem})
}
