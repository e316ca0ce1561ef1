package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/browser"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// lengthVariable makes the test of renewals as long as one likes, with tokens that live a minute: FOOTBRIDGE_RENEWAL_TEST=10m.
const lengthVariable = "FOOTBRIDGE_RENEWAL_TEST"

// Tokens that live shorter than the tunnel are renewed without anybody and without a packet lost, also where the gateway wants new keys
// and with them a new token. When silence is not enough any more the user is told while the tunnel is still up; it ends when it must, and
// comes back when they sign in.
func TestTokensAreRenewed(t *testing.T) {
	for _, kind := range []lab.Kind{lab.BuiltIn, lab.OpenVPN} {
		t.Run(string(kind), func(t *testing.T) {
			life, length := 20*time.Second, 45*time.Second
			if wanted := os.Getenv(lengthVariable); wanted != "" {
				var err error
				if length, err = time.ParseDuration(wanted); err != nil {
					t.Fatal(err)
				}
				life = time.Minute
				t.Parallel() // each has its own computer
			}
			renew(t, kind, life, length)
		})
	}
}

func renew(t *testing.T, kind lab.Kind, life, length time.Duration) {
	p := newPCWith(t, lab.Options{Gateway: kind, Authentications: []azurezip.Authentication{azurezip.Entra},
		ChangeEntra:   func(o *entra.Options) { o.Switches.TokenLifetime = life },
		ChangeBuiltIn: func(c *gateway.Config) { c.RenegotiateAfter, c.HandshakeWindow = 6*time.Second, 10*time.Second },
		ChangeOpenVPN: func(o *openvpnd.Options) { o.Renegotiate = 15 * time.Second }})
	p.do("alice", "footbridge", "import", "vpn.zip")
	name := p.profile("alice", "aad")
	drive := p.person()
	if _, code, output := p.connecting(drive, name); code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, output)
	}

	first := p.onlySession()
	lost, longest := p.traffic(length)
	session := p.onlySession()
	rounds := strings.Count(p.do("alice", "footbridge", "logs", "--json"), "\"keys renewed\"")
	t.Logf("%v of traffic with tokens that live %v: %d times no answer, stood still for %v at most, keys renewed %d times, %d reconnects",
		length, life, lost, longest, rounds, session.Reconnects)
	if session.ID != first.ID || session.Reconnects != 0 || longest > 2*time.Second {
		t.Errorf("%d reconnects, traffic stood still for %v (%d losses)", session.Reconnects, longest, lost)
	}
	if session.SignIn == nil || session.SignIn.Expires == nil || !session.SignIn.Expires.After(first.SignIn.Expires.Add(life)) {
		t.Errorf("the token was not renewed: %+v, first %+v", session.SignIn, first.SignIn)
	}

	p.lab.Entra.Set(func(s *entra.Switches) { s.RefreshRevoked = true })
	p.awaitSession("told", func(s api.Session) bool {
		return s.SignIn != nil && s.SignIn.Needed && s.SignIn.Message != "" && s.SignIn.Command == shell.Command("footbridge", "sign-in", name)
	})
	if s := p.onlySession(); s.State != tunnel.Connected {
		t.Logf("told when the tunnel was %s already", s.State)
	}
	p.awaitSession("waiting", func(s api.Session) bool { return s.State != tunnel.Connected && len(s.Questions) > 0 })

	p.lab.Entra.Set(func(s *entra.Switches) { s.RefreshRevoked = false })
	if code := p.signIn(drive, name); code != exitDone {
		t.Errorf("signing in ended with %d", code)
	}
	p.awaitSession("back", func(s api.Session) bool { return s.State == tunnel.Connected })
	p.reaches("after signing in again")
	p.do("alice", "footbridge", "disconnect")
}

// person is alice of the lab's tenant, with a Chromium of her own.
func (p *pc) person() func(context.Context, said) error {
	p.t.Helper()
	chromium, err := browser.Open(p.t.Context(), browser.Options{Namespace: p.lab.Laptop, Roots: [][]byte{p.lab.Entra.RootPEM()}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { chromium.Close() })
	user := p.lab.Entra.Users()[0]
	return func(ctx context.Context, line said) error {
		return visitor.Drive(ctx, chromium, line.URL, visitor.Person{Username: user.Username, Password: user.Password})
	}
}

// onlySession is alice's session, as her programs see it.
func (p *pc) onlySession() api.Session {
	p.t.Helper()
	var status struct{ Sessions []api.Session }
	out := p.do("alice", "footbridge", "status", "--json")
	if err := json.Unmarshal([]byte(out), &status); err != nil || len(status.Sessions) != 1 {
		p.t.Fatalf("%v in %s", err, out)
	}
	return status.Sessions[0]
}

func (p *pc) awaitSession(what string, fits func(api.Session) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		session := p.onlySession()
		if fits(session) {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("never %s: %s, %+v, questions %v", what, session.State, session.SignIn, session.Questions)
		}
	}
}

// traffic asks the page behind the gateway for a while, and tells how often and how long it did not answer.
func (p *pc) traffic(duration time.Duration) (lost int, longest time.Duration) {
	p.t.Helper()
	address := netip.AddrPortFrom(p.lab.VNet.Address, 80).String()
	last := time.Now()
	for deadline := last.Add(duration); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.t.Context(), time.Second)
		conn, err := p.lab.Laptop.Dial(ctx, "tcp", address)
		cancel()
		if err != nil {
			lost++
			continue
		}
		conn.Close()
		longest = max(longest, time.Since(last))
		last = time.Now()
	}
	return lost, max(longest, time.Since(last))
}

// signIn runs sign-in as alice, with a person in a browser.
func (p *pc) signIn(person func(context.Context, said) error, name string) int {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	command := p.Command(ctx, "alice", "footbridge", "sign-in", "--json", name)
	out, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	decoder := json.NewDecoder(out)
	for {
		var line said
		if err := decoder.Decode(&line); err != nil {
			break
		}
		if line.Kind == "browser" {
			if err := person(ctx, line); err != nil && !errors.Is(err, context.Canceled) {
				p.t.Error(err)
				cancel()
			}
		}
	}
	command.Wait()
	return command.ProcessState.ExitCode()
}
