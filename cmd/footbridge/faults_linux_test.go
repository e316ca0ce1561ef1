package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
)

// foreignHost is where the tenant of these tests signs users in: a server that is not Microsoft's.
const foreignHost = "login.contoso.test"

// What goes wrong with a tenant is told by its code, with its exit code and the number that an administrator looks for; nothing of it stays.
func TestSignInFaultsOnDebian(t *testing.T) {
	p := newPCWith(t, lab.Options{Gateway: lab.BuiltIn, EntraHost: foreignHost, Authentications: []azurezip.Authentication{azurezip.Entra}})
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
	if code, problem := p.failingSignIn(person, name); code != exitSignIn || problem.Code != "entra-foreign-authority" || !strings.Contains(problem.Detail, foreignHost) {
		t.Errorf("a server that nobody confirmed: exit code %d, %+v", code, problem)
	}
	p.do("alice", "footbridge", "set", name, "sign-in-server="+foreignHost)
	for _, fault := range []struct {
		name   string
		set    func(*entra.Switches)
		how    string // a flag; where there is no page to be met
		code   string
		exit   int
		detail string
	}{
		{"declined", func(s *entra.Switches) { s.AccessDenied = true }, "", "entra-declined", exitSignIn, "AADSTS65004"},
		{"not assigned", func(s *entra.Switches) { s.Error, s.ErrorPlace = 50105, entra.AtTokenEndpoint }, "", "entra-not-assigned", exitSignIn, "AADSTS50105"},
		{"conditional access", func(s *entra.Switches) { s.Error, s.ErrorPlace = 53003, entra.AtTokenEndpoint }, "", "entra-conditional-access", exitSignIn, "AADSTS53003"},
		{"wrong application", func(s *entra.Switches) { s.Error, s.ErrorPlace = 650057, entra.AtTokenEndpoint }, "", "entra-resource-not-listed", exitSignIn, "AADSTS650057"},
		{"no consent", func(s *entra.Switches) { s.Error, s.ErrorPlace = 65001, entra.AtTokenEndpoint }, "", "entra-consent-missing", exitSignIn, "AADSTS65001"},
		{"unavailable", func(s *entra.Switches) { s.ServerError = 503 }, "--device-code", "entra-unavailable", exitUnreachable, ""},
		{"slow", func(s *entra.Switches) { s.Slow = 40 * time.Second }, "--device-code", "entra-no-answer", exitUnreachable, ""},
		{"a code that is blocked", func(s *entra.Switches) { s.DeviceCodeBlocked, s.DeviceCodeLifetime = true, 3*time.Second }, "--device-code", "entra-device-code-expired", exitTimeout, ""},
	} {
		p.lab.Entra.Set(func(s *entra.Switches) { *s = entra.Switches{}; fault.set(s) })
		var how []string
		if fault.how != "" {
			how = []string{fault.how}
		}
		code, problem := p.failingSignIn(person, name, how...)
		if code != fault.exit || problem.Code != fault.code || !strings.Contains(problem.Detail, fault.detail) || problem.Remedy == "" {
			t.Errorf("%s: exit code %d, %+v", fault.name, code, problem)
		}
	}
	// What the tenant's page says, the browser shows: the program hears nothing of it, and stops when its time is over.
	p.lab.Entra.Set(func(s *entra.Switches) { *s = entra.Switches{Error: 53003, ErrorPlace: entra.OnPage} })
	if _, code, output := p.connecting(person, name, "--timeout", "8s"); code != exitTimeout {
		t.Errorf("refused on the page: exit code %d:\n%s", code, output)
	}
	p.lab.Entra.Set(func(s *entra.Switches) { *s = entra.Switches{} })
	if out := p.do("alice", "footbridge", "accounts"); !strings.HasSuffix(out, "Nobody is signed in.\n") {
		t.Errorf("after all that went wrong: %s", out)
	}
	p.cancelledSignIns(name)
	p.tenantThatChanges(person, name)
}

// cancelledSignIns are given up at each step.
func (p *pc) cancelledSignIns(name string) {
	p.interrupted("", "the browser", "browser", "sign-in", name)
	p.interrupted("", "a code's use", "device-code", "sign-in", "--device-code", name)
	p.interrupted("", "the browser, connecting", "browser", "connect", name)
	p.interrupted("", "a code's use, connecting", "device-code", "connect", "--device-code", name)
	p.lab.Entra.Set(func(s *entra.Switches) { s.Slow = 30 * time.Second })
	p.interrupted("", "the tenant", "", "sign-in", "--device-code", name)
	p.interrupted("", "the tenant, connecting", "signing-in", "connect", "--device-code", name)
	p.lab.Entra.Set(func(s *entra.Switches) { s.Slow = 0 })
}

// interrupted gives a command, which reads stdin, up with Ctrl-C's signal while it waits for something, which is when it has printed a word (nothing: after a while).
// It ends as cancelled, and nothing of it stays: no listener, no process, no sign-in, no connection, no file that is half written.
func (p *pc) interrupted(stdin, step, word string, command ...string) {
	p.t.Helper()
	accounts := p.do("alice", "footbridge", "accounts")
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	run := p.Command(ctx, "alice", "sh", append([]string{"-c", `word=$0; find .local .config -type f 2>/dev/null | sort >before
		exec 3<&0; footbridge --json "$@" <&3 >waiting.json 2>&1 & program=$!
		if [ -n "$word" ]; then for i in $(seq 300); do grep -q "$word" waiting.json && break; sleep 0.05; done; else sleep 1.5; fi
		kill -INT $program; wait $program; echo exit $?
		ss -Hltnp | grep footbridge; pgrep -u alice -x footbridge
		find .local .config -type f 2>/dev/null | sort | diff before -
		footbridge accounts; footbridge status`, word}, command...)...)
	run.WaitDelay, run.Stdin = 5*time.Second, strings.NewReader(stdin)
	out, err := run.CombinedOutput()
	if want := "exit 130\n" + accounts + "Nothing is connected.\n"; err != nil || string(out) != want {
		p.t.Errorf("cancelled while waiting for %s: %v, %q; it had said\n%s", step, err, out, p.try("alice", "cat", "waiting.json"))
	}
}

// tenantThatChanges signs in, and goes on while the tenant signs with other keys, has a wrong clock, or wants more of the user.
func (p *pc) tenantThatChanges(person func(context.Context, said) error, name string) {
	p.t.Helper()
	if code := p.signIn(person, name); code != exitDone {
		p.t.Fatalf("signing in: exit code %d", code)
	}
	connects := func(when string, questions int) {
		p.t.Helper()
		if asked, code, output := p.connecting(person, name); code != exitDone || len(asked) != questions {
			p.t.Errorf("%s: asked %q, exit code %d:\n%s", when, asked, code, output)
		}
		p.do("alice", "footbridge", "disconnect")
	}
	connects("at first", 0)
	if err := p.lab.Entra.RotateKeys(true); err != nil { // the gateway refuses the token of before
		p.t.Fatal(err)
	}
	connects("with other keys", 0)

	p.do("alice", "footbridge", "sign-out", "--all")
	p.lab.Entra.Set(func(s *entra.Switches) { s.ClockSkew = 30 * time.Minute })
	if _, code, output := p.connecting(person, name); code != exitSignIn || !strings.Contains(output, string(tunnel.AuthFailed)) {
		p.t.Errorf("with tokens that are not valid yet: exit code %d:\n%s", code, output)
	}
	p.lab.Entra.Set(func(s *entra.Switches) { s.ClockSkew = 0 })
	connects("with the clock put right", 0)

	p.do("alice", "footbridge", "sign-out", "--all")
	p.lab.Entra.Set(func(s *entra.Switches) { s.ConditionalAccess = true })
	if asked, code, output := p.connecting(person, name); code != exitDone || len(asked) != 2 {
		p.t.Errorf("when more is wanted of the user: asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.do("alice", "footbridge", "disconnect")
}

// failingSignIn runs sign-in as alice and returns how it failed.
func (p *pc) failingSignIn(person func(context.Context, said) error, name string, how ...string) (int, failure) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	// What is on the machine is ended there: its output would stay open else.
	command := p.Command(ctx, "alice", "timeout", append([]string{"--signal=KILL", "50", "footbridge", "sign-in", "--json", name}, how...)...)
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
