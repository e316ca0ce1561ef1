package main

import (
	"archive/zip"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
)

// A profile that forbids to keep the sign-in is signed in to once a connection: its tokens are renewed under the tunnel by the program in the
// background, which got the sign-in from memory to memory; nothing of it is on the computer meanwhile, and with the connection it is gone.
func TestSignInThatIsNotKept(t *testing.T) {
	life := 20 * time.Second
	p := newPCWith(t, lab.Options{Gateway: lab.BuiltIn, Authentications: []azurezip.Authentication{azurezip.Entra},
		ChangeEntra:   func(o *entra.Options) { o.Switches.TokenLifetime = life },
		ChangeBuiltIn: func(c *gateway.Config) { c.RenegotiateAfter, c.HandshakeWindow = 6*time.Second, 10*time.Second }})
	p.importUnkept()
	name := p.profile("alice", "aad")
	if out := p.try("alice", "footbridge", "sign-in", name); !strings.Contains(out, "footbridge connect "+name) || !strings.HasSuffix(out, "exit 2") {
		t.Errorf("a sign-in for later: %s", out)
	}
	drive := p.person()
	if asked, code, output := p.connecting(drive, name); code != exitDone || len(asked) != 1 {
		t.Fatalf("asked %q, exit code %d:\n%s", asked, code, output)
	}
	first := p.onlySession()
	lost, longest := p.traffic(2 * life)
	session := p.onlySession()
	if session.ID != first.ID || session.Reconnects != 0 || longest > 2*time.Second {
		t.Errorf("%d reconnects, traffic stood still for %v (%d losses)", session.Reconnects, longest, lost)
	}
	if session.SignIn == nil || session.SignIn.Needed || !session.SignIn.Expires.After(first.SignIn.Expires.Add(life)) {
		t.Errorf("the token was not renewed: %+v, first %+v", session.SignIn, first.SignIn)
	}
	if out := p.do("alice", "footbridge", "accounts"); !strings.HasSuffix(out, "Nobody is signed in.\n") {
		t.Errorf("accounts while connected: %s", out)
	}
	if sealed := p.do("alice", "find", "/home/alice", "-name", "*.sealed"); sealed != "" {
		t.Errorf("kept: %s", sealed)
	}
	p.secretsRest(p.lab.Entra.Users()[0].Password)

	p.lab.Entra.RevokeRefreshTokens()
	p.awaitSession("told", func(s api.Session) bool { return s.SignIn != nil && s.SignIn.Needed })
	p.awaitSession("waiting", func(s api.Session) bool {
		return s.State != tunnel.Connected && len(s.Questions) > 0 && s.SignIn.Command == shell.Command("footbridge", "sign-in", name)
	})
	if code := p.signIn(drive, name); code != exitDone {
		t.Errorf("signing in ended with %d", code)
	}
	p.awaitSession("back", func(s api.Session) bool { return s.State == tunnel.Connected })

	p.do("alice", "footbridge", "disconnect")
	if out := p.do("alice", "sh", "-c", `for i in $(seq 100); do pgrep -u alice -x footbridge >/dev/null || exit 0; sleep 0.1; done; ps -u alice -o args`); out != "" {
		t.Errorf("after the connection there is still %s", out)
	}
	if asked, code, output := p.connecting(drive, name); code != exitDone || len(asked) != 1 {
		t.Errorf("the next time asked %q, exit code %d:\n%s", asked, code, output)
	}
	p.do("alice", "footbridge", "disconnect")
}

// importUnkept imports the lab's profile with cachesigninuser off.
func (p *pc) importUnkept() {
	p.t.Helper()
	packed, err := zip.OpenReader(p.lab.Files.Package)
	if err != nil {
		p.t.Fatal(err)
	}
	defer packed.Close()
	const keeps = "<cachesigninuser>true<"
	for _, file := range packed.File {
		r, err := file.Open()
		if err != nil {
			p.t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			p.t.Fatal(err)
		}
		if !strings.Contains(string(content), keeps) {
			continue
		}
		command := p.Command(p.t.Context(), "alice", "sh", "-c", "cat >unkept.xml")
		command.Stdin = strings.NewReader(strings.Replace(string(content), keeps, "<cachesigninuser>false<", 1))
		if out, err := command.CombinedOutput(); err != nil {
			p.t.Fatalf("%v: %s", err, out)
		}
		p.do("alice", "footbridge", "import", "unkept.xml")
		return
	}
	p.t.Fatal("no profile with Entra ID in the package")
}
