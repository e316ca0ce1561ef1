package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
)

// showSessionStatus tells all that is known of a session.
func (a *app) showSessionStatus(s api.Session, before *measured) {
	state := a.stateCell(s.State)
	fmt.Fprintln(a.out, a.out.styled(bold, printable(s.Profile))+"  "+a.out.styled(state.style, state.text))
	indent := func(key string, value cell) fact { return fact{"  " + a.text("status."+key, nil), value} }
	list := []fact{indent("since", cell{text: a.text("status.since-for", language.Values{"Moment": a.texts().Moment(s.Since),
		"Duration": a.texts().Duration(time.Since(s.Since))})})}
	if s.Stage != "" && s.Connection == nil {
		list = append(list, indent("stage", cell{text: a.text("stage."+string(s.Stage), nil)}))
	}
	if s.RetryAt != nil && time.Until(*s.RetryAt) > 0 {
		list = append(list, indent("retry", cell{text: a.text("status.retry-in", language.Values{"Wait": a.texts().Duration(time.Until(*s.RetryAt))})}))
	}
	if s.Problem != nil {
		sentence, remedy := a.texts().Explain(language.Problems, string(s.Problem.Code), s.Problem.Sentence, s.Problem.Remedy)
		list = append(list, indent("problem", cell{sentence + " " + remedy, red}))
	}
	if c := s.Connection; c != nil {
		list = append(list, indent("gateway", cell{text: c.Server + " (" + c.Remote.Addr().String() + ", " + strings.ToUpper(c.Transport) + ")"}),
			indent("gateway-name", cell{text: c.GatewayName}),
			indent("address", cell{text: join(c.Addresses) + " (" + c.Interface + ", MTU " + fmt.Sprint(c.MTU) + ")"}),
			indent("routes-in", cell{text: a.routes(c.Routes)}), indent("routes-out", cell{text: a.routes(c.ExcludedRoutes)}),
			indent("dns", cell{text: a.dns(c)}), indent("security", cell{text: c.TLSVersion + ", " + c.Cipher}))
	}
	list = append(list, indent("traffic", cell{text: a.traffic(s, before)}), indent("reconnects", cell{text: a.reconnects(s.Reconnects)}),
		indent("sign-in", cell{text: a.signInStatus(s.SignIn)}))
	if s.Suspended != "" {
		list = append(list, indent("suspended", cell{text: s.Suspended}))
	}
	if s.Machine != "" {
		list = append(list, indent("machine", cell{text: s.Machine}))
	}
	for _, warning := range a.sessionWarnings(s) {
		list = append(list, indent("warning", cell{warning, yellow}))
	}
	a.out.facts(list)
}

func (a *app) traffic(s api.Session, before *measured) string {
	texts := a.texts()
	text := texts.Text("status.bytes", language.Values{"In": texts.Bytes(s.Traffic.BytesIn), "Out": texts.Bytes(s.Traffic.BytesOut)})
	if in, out, known := before.rate(s); known {
		text += texts.Text("status.rate", language.Values{"In": texts.Rate(in), "Out": texts.Rate(out)})
	}
	return text
}

func (a *app) reconnects(n int) string {
	if n == 0 {
		return ""
	}
	return a.texts().Number(int64(n))
}

// signInStatus tells who is signed in, and until when.
func (a *app) signInStatus(s *api.SignIn) string {
	if s == nil {
		return ""
	}
	var parts []string
	if s.Account != "" {
		parts = append(parts, s.Account)
	}
	if s.Expires != nil {
		key := "status.renewed-by"
		if s.Needed {
			key = "status.sign-in-by"
		}
		parts = append(parts, a.text(key, language.Values{"Moment": a.texts().Moment(*s.Expires)}))
	}
	if s.Message != "" {
		parts = append(parts, strings.TrimSuffix(a.translate(s.Message), "."))
	}
	if s.Command != "" {
		parts = append(parts, a.text("status.sign-in-with", language.Values{"Command": s.Command}))
	}
	return strings.Join(parts, ", ")
}

// sessionWarnings are what the user should know.
func (a *app) sessionWarnings(s api.Session) []string {
	var warnings []string
	if s.WaitingForUser {
		warnings = append(warnings, a.text("status.waiting-for-user", language.Values{"Command": shell.Command("footbridge", "connect", s.Profile)}))
	}
	for _, warning := range s.Warnings {
		warnings = append(warnings, a.translate(warning))
	}
	for _, overlap := range s.Overlaps {
		key := "status.overlap-loses"
		if overlap.Wins {
			key = "status.overlap-wins"
		}
		other := overlap.Profile
		if other == "" {
			other = a.text("status.somebody", nil)
		}
		warnings = append(warnings, a.text(key, language.Values{"Prefix": overlap.Prefix, "Other": other}))
	}
	return warnings
}
