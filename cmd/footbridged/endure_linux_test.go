package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// backWithin is how soon traffic must flow again once it can. On a quiet computer it is 0.1 to 1.5 s.
const backWithin = 3 * time.Second

// laptop is the lab's laptop with the service on it and a tunnel up to Debian's OpenVPN.
type laptop struct {
	t       *testing.T
	lab     *lab.Lab
	dir     string
	profile []byte
	program string
}

func newLaptop(t *testing.T, program, transport string) *laptop {
	t.Helper()
	l, err := lab.Up(t.Context(), lab.Options{Gateway: lab.OpenVPN, Transport: transport,
		ChangeOpenVPN: func(o *openvpnd.Options) { o.Ping, o.PingTimeout = 10*time.Second, 60*time.Second }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &laptop{t: t, lab: l, dir: t.TempDir(), program: program, profile: profileWithKey(t, l)}
}

// profileWithKey is the lab's profile with the client's certificate and key in it, so that nobody is asked to sign.
func profileWithKey(t *testing.T, l *lab.Lab) []byte {
	t.Helper()
	imported, err := profiles.ImportFile(l.Files.Package)
	if err != nil {
		t.Fatal(err)
	}
	for _, profile := range imported.Profiles {
		if profile.Authentication.Type != profiles.Certificate {
			continue
		}
		data, err := profiles.Export(profile, profiles.FormatOVPN)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(data, "<cert>\n%s</cert>\n<key>\n%s</key>\n", read(t, l.Files.Certificate), read(t, l.Files.Key))
	}
	t.Fatal("the lab's package has no profile with a certificate")
	return nil
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// probe asks the page behind the gateway again and again and remembers when it last answered.
type probe struct {
	mu   sync.Mutex
	last time.Time
	stop context.CancelFunc
	done chan struct{}
}

func (l *laptop) probe() *probe {
	ctx, cancel := context.WithCancel(context.Background())
	p := &probe{stop: cancel, done: make(chan struct{})}
	address := netip.AddrPortFrom(l.lab.VNet.Address, 80).String()
	go func() {
		defer close(p.done)
		for ctx.Err() == nil {
			began := time.Now()
			limited, end := context.WithTimeout(ctx, 250*time.Millisecond)
			conn, err := l.lab.Laptop.Dial(limited, "tcp", address)
			end()
			if err == nil {
				conn.Close()
				p.mu.Lock()
				p.last = began
				p.mu.Unlock()
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	l.t.Cleanup(func() { p.stop(); <-p.done })
	return p
}

// answeredAfter waits until a request that began after the moment was answered, and returns how long that took.
func (p *probe) answeredAfter(t *testing.T, moment time.Time, limit time.Duration) time.Duration {
	t.Helper()
	for {
		p.mu.Lock()
		last := p.last
		p.mu.Unlock()
		if last.After(moment) {
			return last.Sub(moment)
		}
		if time.Since(moment) > limit {
			t.Fatalf("no traffic for %v", limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// connect posts the profile and waits for nothing: the probe tells.
func (l *laptop) connect() {
	l.t.Helper()
	client := api.Dial(filepath.Join(l.dir, "socket"))
	defer client.Close()
	if _, err := client.Connect(l.t.Context(), api.ConnectRequest{Profile: l.profile}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *laptop) state() tunnel.State {
	client := api.Dial(filepath.Join(l.dir, "socket"))
	defer client.Close()
	snapshot, err := client.Status(l.t.Context())
	if err != nil || len(snapshot.Sessions) != 1 {
		return ""
	}
	return snapshot.Sessions[0].State
}

func buildService(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "footbridged")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// Whatever interrupts a tunnel, traffic flows again soon after it can: over TCP as Azure has it, and over UDP.
func TestTunnelComesBack(t *testing.T) {
	netnstest.RequireRoot(t)
	program := buildService(t)
	for _, transport := range []string{"tcp", "udp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			l := newLaptop(t, program, transport)
			service := start(t, l.lab.Laptop, program, l.dir)
			p := l.probe()
			l.connect()
			t.Logf("up after %v", p.answeredAfter(t, time.Now(), 20*time.Second))

			steps := []struct {
				name string
				do   func() time.Time // returns when traffic became possible again
			}{
				{"network lost for a while", func() time.Time {
					must(t, l.lab.Laptop.SetDown("eth0"))
					time.Sleep(4 * time.Second)
					must(t, l.lab.Laptop.SetUp("eth0"))
					return time.Now()
				}},
				{"change of address", func() time.Time {
					must(t, l.lab.Laptop.RemoveAddress("eth0", netip.MustParsePrefix("203.0.113.10/24")))
					must(t, l.lab.Laptop.AddAddress("eth0", netip.MustParsePrefix("203.0.113.11/24")))
					return time.Now()
				}},
				{"gateway restarted", func() time.Time {
					must(t, l.lab.OpenVPN.Kill())
					time.Sleep(time.Second)
					must(t, l.lab.OpenVPN.Restart(t.Context()))
					return time.Now()
				}},
				{"suspended for two minutes", func() time.Time {
					must(t, service.Process.Signal(syscall.SIGSTOP))
					time.Sleep(2 * time.Minute)
					must(t, service.Process.Signal(syscall.SIGCONT))
					return time.Now()
				}},
			}
			for _, step := range steps {
				possible := step.do()
				took := p.answeredAfter(t, possible, 60*time.Second)
				t.Logf("%s: traffic after %v, state %s", step.name, took, l.state())
				if took > backWithin {
					t.Errorf("%s: traffic after %v", step.name, took)
				}
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Wherever a kill meets the service, the next start leaves this computer as it was before, to the byte.
func TestServiceKilledUnderTraffic(t *testing.T) {
	netnstest.RequireRoot(t)
	program := buildService(t)
	l := newLaptop(t, program, "tcp")
	before := l.picture()
	p := l.probe()
	for i := range 20 {
		service := start(t, l.lab.Laptop, program, l.dir)
		if now := l.picture(); now != before {
			t.Fatalf("after kill %d:\n%s\nbefore:\n%s", i, now, before)
		}
		moment := time.Now()
		l.connect()
		wait := time.Duration(rand.Int64N(int64(150 * time.Millisecond)))
		if i%2 == 0 {
			p.answeredAfter(t, moment, 20*time.Second)
		}
		time.Sleep(wait)
		must(t, service.Process.Kill())
		service.Wait()
	}
	service := start(t, l.lab.Laptop, program, l.dir)
	if now := l.picture(); now != before {
		t.Fatalf("in the end:\n%s\nbefore:\n%s", now, before)
	}
	service.Process.Signal(syscall.SIGTERM)
	service.Wait()
}

// picture is everything that a tunnel may change: addresses, routes, rules, and name resolution.
func (l *laptop) picture() string {
	l.t.Helper()
	out, err := l.lab.Laptop.Command(context.Background(), "sh", "-c", "ls -l --time-style=+ /etc/resolv.conf; cat /etc/resolv.conf").Output()
	must(l.t, err)
	return strings.Join([]string{configuration(l.t, l.lab.Laptop), string(out)}, "\n")
}
