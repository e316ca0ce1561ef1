package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/browser"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
)

// newSignInPC is a booted Debian whose gateway takes certificates, Entra ID and RADIUS.
func newSignInPC(t *testing.T, kind lab.Kind) *pc {
	t.Helper()
	approval := 3 * time.Second
	if kind == lab.OpenVPN {
		approval = freeradius.DefaultDelay // as long as people take to find their telephone
	}
	p := newPCWith(t, lab.Options{Gateway: kind, Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra, azurezip.Radius},
		ChangeEntra:  func(o *entra.Options) { o.Switches.MFA = entra.TOTP },
		ChangeRADIUS: func(o *freeradius.Options) { o.Delay = approval }})
	p.do("alice", "footbridge", "import", "vpn.zip")
	return p
}

// said is a line that the program prints for programs.
type said struct {
	Kind            string
	URL             string `json:"url"`
	UserCode        string `json:"user_code"`
	VerificationURL string `json:"verification_url"`
	Connected       bool
}

// connecting runs connect as alice and lets a person in a browser do what it asks for. It returns what was asked, and the exit code.
func (p *pc) connecting(person func(context.Context, said) error, arguments ...string) (asked []string, code int, output string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 90*time.Second)
	defer cancel()
	command := p.Command(ctx, "alice", "footbridge", append([]string{"connect", "--json"}, arguments...)...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	var all strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		var line said
		if json.Unmarshal(lines.Bytes(), &line) != nil || line.Kind != "browser" && line.Kind != "device-code" {
			continue
		}
		asked = append(asked, line.Kind)
		if err := person(ctx, line); err != nil {
			p.t.Errorf("the person in the browser: %v", err)
			cancel()
		}
	}
	command.Wait()
	return asked, command.ProcessState.ExitCode(), all.String() + complaints.String()
}

// A person signs in with Chromium, proof of a second factor included, and the tunnel comes up; the next time nobody is asked; then with a
// code on another screen. Passwords go to RADIUS: right, wrong, expired, approved on a telephone.
func TestSignInOnDebian(t *testing.T) {
	for _, kind := range []lab.Kind{lab.BuiltIn, lab.OpenVPN} {
		t.Run(string(kind), func(t *testing.T) {
			p := newSignInPC(t, kind)
			p.entraID()
			p.radius()
		})
	}
}

func (p *pc) entraID() {
	t := p.t
	chromium, err := browser.Open(t.Context(), browser.Options{Namespace: p.lab.Laptop, Roots: [][]byte{p.lab.Entra.RootPEM()}})
	if err != nil {
		t.Fatal(err)
	}
	defer chromium.Close()
	alice := p.lab.Entra.Users()[0]
	person := visitor.Person{Username: alice.Username, Password: alice.Password, Code: func() (string, error) { return p.lab.Entra.OneTimeCode(alice.Username) }}
	name := p.profile("alice", "aad")
	drive := func(ctx context.Context, line said) error {
		if line.Kind == "device-code" {
			return visitor.DriveDevice(ctx, chromium, line.VerificationURL, line.UserCode, person)
		}
		return visitor.Drive(ctx, chromium, line.URL, person)
	}
	asked, code, output := p.connecting(drive, name)
	if code != exitDone || len(asked) != 1 || asked[0] != "browser" {
		t.Fatalf("asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.reaches("with a browser")
	if status := p.do("alice", "footbridge", "status"); !strings.Contains(status, alice.Username) {
		t.Errorf("who is signed in is not in\n%s", status)
	}
	p.do("alice", "footbridge", "disconnect")
	if asked, code, output := p.connecting(drive, name); code != exitDone || len(asked) != 0 {
		t.Errorf("a second time asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.reaches("silently")
	p.do("alice", "footbridge", "disconnect")
	if out := p.do("alice", "footbridge", "accounts"); !strings.Contains(out, alice.Username) {
		t.Errorf("accounts: %s", out)
	}
	p.do("alice", "footbridge", "sign-out", "--all")
	if asked, code, output := p.connecting(drive, name, "--device-code"); code != exitDone || len(asked) != 1 || asked[0] != "device-code" {
		t.Errorf("with a code asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.reaches("with a code")
	p.do("alice", "footbridge", "disconnect")
	p.secretsRest(alice.Password)
}

// reaches the page behind the gateway.
func (p *pc) reaches(how string) {
	p.t.Helper()
	if out := p.try("alice", "bash", "-c", "exec 3<>/dev/tcp/"+p.lab.VNet.Address.String()+"/80"); out != "" {
		p.t.Errorf("%s: %s", how, out)
	}
}

func (p *pc) radius() {
	t := p.t
	name := p.profile("alice", "usernamepass")
	password := func(username, password string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		command := p.Command(ctx, "alice", "footbridge", "connect", name, "--username", username, "--password-stdin")
		command.Stdin = strings.NewReader(password + "\n") // arguments would stand in the machine's journal
		out, err := command.CombinedOutput()
		if err != nil {
			return fmt.Sprintf("%sexit %d", out, command.ProcessState.ExitCode())
		}
		return string(out)
	}
	if out := password(freeradius.Alice, "a guess"); !strings.Contains(out, "refused the sign-in") || !strings.HasSuffix(out, "exit 4") {
		t.Errorf("a wrong password: %s", out)
	}
	if out := password(freeradius.Erin, freeradius.ErinPassword); !strings.Contains(out, freeradius.ExpiredMessage) || !strings.HasSuffix(out, "exit 4") {
		t.Errorf("an expired password: %s", out)
	}
	if out := password(freeradius.Alice, freeradius.AlicePassword); !strings.Contains(out, "Connected") {
		t.Errorf("the right password: %s", out)
	}
	p.reaches("with a password")
	p.do("alice", "footbridge", "disconnect")
	if out := password(freeradius.Paul, freeradius.PaulPassword); !strings.Contains(out, "Connected") {
		t.Errorf("approved on a telephone: %s", out)
	}
	p.do("alice", "footbridge", "disconnect")
	p.interrupted(freeradius.PaulPassword+"\n", "approval on a telephone", "signing-in", "connect", name, "--username", freeradius.Paul, "--password-stdin")
	p.challenge(name)
	p.secretsRest(freeradius.AlicePassword, freeradius.PaulPassword, freeradius.CarolPassword)
}

// challenge is answered at a terminal, after a password that was mistyped.
func (p *pc) challenge(name string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 90*time.Second)
	defer cancel()
	command := p.Command(ctx, "alice", "script", "--quiet", "--return", "--command", shell.Command("footbridge", "connect", name, "--username", freeradius.Carol), "/dev/null")
	in, err := command.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	defer command.Wait()
	var shown strings.Builder
	awaits := func(text string) bool {
		buffer := make([]byte, 4096)
		for from := shown.Len(); !strings.Contains(shown.String()[from:], text); {
			n, err := out.Read(buffer)
			shown.Write(buffer[:n])
			if err != nil {
				p.t.Errorf("%q was not shown:\n%s", text, shown.String())
				return false
			}
		}
		return true
	}
	for _, turn := range []struct{ question, answer string }{
		{"Password of", "a guess"}, {"Keep the password", "n"}, {"Password of", freeradius.CarolPassword}, {"Keep the password", "n"}, {freeradius.ChallengeText, freeradius.CarolCode}, {"Connected", ""},
	} {
		if !awaits(turn.question) {
			return
		}
		if turn.answer != "" {
			io.WriteString(in, turn.answer+"\r")
		}
	}
	in.Close()
	p.reaches("with a code that the gateway asked for")
	p.do("alice", "footbridge", "disconnect")
}
