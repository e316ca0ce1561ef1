package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// What goes wrong with a tenant is told by its code, with its exit code and the number that an administrator looks for; nothing of it stays.
func TestSignInFaultsOnDebian(t *testing.T) {
	p := newPCWith(t, lab.Options{Gateway: lab.BuiltIn, Authentications: []azurezip.Authentication{azurezip.Entra}})
	p.do("alice", "footbridge", "import", "vpn.zip")
	name := p.profile("alice", "aad")
	user := p.lab.Entra.Users()[0]
	person := func(ctx context.Context, line said) error {
		guest, err := visitor.New(p.lab.HTTPClient())
		if err != nil {
			return err
		}
		_, err = guest.Open(ctx, line.URL, visitor.Person{Username: user.Username, Password: user.Password})
		if errors.Is(err, visitor.ErrRefused) {
			return nil // the provider's page says it
		}
		return err
	}
	for _, fault := range []struct {
		name   string // "unavailable" is met where there is no page
		set    func(*entra.Switches)
		code   string
		exit   int
		detail string
	}{
		{"declined", func(s *entra.Switches) { s.AccessDenied = true }, "entra-declined", exitSignIn, "AADSTS65004"},
		{"not assigned", func(s *entra.Switches) { s.Error, s.ErrorPlace = 50105, entra.AtTokenEndpoint }, "entra-not-assigned", exitSignIn, "AADSTS50105"},
		{"conditional access", func(s *entra.Switches) { s.Error, s.ErrorPlace = 53003, entra.AtTokenEndpoint }, "entra-conditional-access", exitSignIn, "AADSTS53003"},
		{"wrong application", func(s *entra.Switches) { s.Error, s.ErrorPlace = 650057, entra.AtTokenEndpoint }, "entra-resource-not-listed", exitSignIn, "AADSTS650057"},
		{"no consent", func(s *entra.Switches) { s.Error, s.ErrorPlace = 65001, entra.AtTokenEndpoint }, "entra-consent-missing", exitSignIn, "AADSTS65001"},
		{"unavailable", func(s *entra.Switches) { s.ServerError = 503 }, "entra-unavailable", exitUnreachable, ""},
	} {
		p.lab.Entra.Set(func(s *entra.Switches) { *s = entra.Switches{}; fault.set(s) })
		var how []string
		if fault.name == "unavailable" {
			how = []string{"--device-code"}
		}
		code, problem := p.failingSignIn(person, name, how...)
		if code != fault.exit || problem.Code != fault.code || !strings.Contains(problem.Detail, fault.detail) || problem.Remedy == "" {
			t.Errorf("%s: exit code %d, %+v", fault.name, code, problem)
		}
	}
	p.lab.Entra.Set(func(s *entra.Switches) { *s = entra.Switches{} })
	if out := p.do("alice", "footbridge", "accounts"); !strings.HasSuffix(out, "Nobody is signed in.\n") {
		t.Errorf("after all that went wrong: %s", out)
	}
	p.cancelledSignIn(name)
	if code := p.signIn(person, name); code != exitDone {
		t.Errorf("in the end: exit code %d", code)
	}
}

// failingSignIn runs sign-in as alice and returns how it failed.
func (p *pc) failingSignIn(person func(context.Context, said) error, name string, how ...string) (int, failure) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	// What is on the machine is ended there: its output would stay open else.
	command := p.Command(ctx, "alice", "timeout", append([]string{"--signal=KILL", "25", "footbridge", "sign-in", "--json", name}, how...)...)
	command.WaitDelay = 5 * time.Second
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	var last struct {
		said
		Problem failure
	}
	for decoder := json.NewDecoder(out); decoder.Decode(&last) == nil; {
		if last.Kind == "browser" {
			if err := person(ctx, last.said); err != nil {
				p.t.Error(err)
			}
		}
	}
	command.Wait()
	if last.Problem.Code == "" {
		p.t.Logf("sign-in ended with %+v, %s", last.said, complaints.String())
	}
	return command.ProcessState.ExitCode(), last.Problem
}

// cancelledSignIn is given up while the browser is waited for: nothing listens any more, nobody is signed in.
func (p *pc) cancelledSignIn(name string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	command := p.Command(ctx, "alice", "sh", "-c", `footbridge sign-in --json "$0" >waiting.json & program=$!
		for i in $(seq 200); do grep -q browser waiting.json && break; sleep 0.05; done
		kill -INT $program; wait $program; echo exit $?; ss -Hltn sport = :2023; footbridge accounts`, name)
	command.WaitDelay = 5 * time.Second
	out, err := command.Output()
	if want := "exit 130\nNobody is signed in.\n"; err != nil || string(out) != want {
		p.t.Errorf("cancelled: %v, %q", err, out)
	}
}
