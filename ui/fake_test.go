package ui

import (
	"context"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// fake is a client that does what a test says.
type fake struct {
	mu       sync.Mutex
	view     client.View
	changed  chan struct{}
	ends     map[string]client.End
	asked    chan string // what the window asked for, such as "connect contoso"
	fail     error       // of Connect
	counters map[string]tunnel.Traffic
	asker    signin.Asker
	left     int // times
}

func newFake() *fake {
	return &fake{changed: make(chan struct{}, 1), ends: map[string]client.End{}, asked: make(chan string, 100), counters: map[string]tunnel.Traffic{}}
}

// set shows another picture.
func (f *fake) set(change func(*client.View)) {
	f.mu.Lock()
	view := f.view
	view.Connections = append([]client.Connection(nil), f.view.Connections...)
	change(&view)
	f.view = view
	f.mu.Unlock()
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

func (f *fake) Changed() <-chan struct{} { return f.changed }

func (f *fake) View() client.View {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view
}

func (f *fake) LastEnd(profile string) (client.End, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	end, ok := f.ends[profile]
	return end, ok
}

func (f *fake) Model() control.Model { return f }

func (f *fake) Connect(_ context.Context, c client.Connection, _ client.Wish) (*client.Prepared, error) {
	f.asked <- "connect " + c.Name
	f.mu.Lock()
	defer f.mu.Unlock()
	return &client.Prepared{}, f.fail
}

func (f *fake) Disconnect(_ context.Context, c client.Connection) error {
	f.asked <- "disconnect " + c.Name
	return nil
}

func (f *fake) SignIn(_ context.Context, c client.Connection, _ bool) (agent.Token, error) {
	f.asked <- "sign in " + c.Name
	return agent.Token{}, nil
}

func (f *fake) Traffic(context.Context) (map[string]tunnel.Traffic, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counters, nil
}

func (f *fake) History(context.Context, int) (*api.History, error) { return &api.History{}, nil }
func (f *fake) Reload()                                            {}

func (f *fake) Run(ctx context.Context, asker signin.Asker) {
	f.mu.Lock()
	f.asker = asker
	f.mu.Unlock()
	<-ctx.Done()
}

func (f *fake) Leave(context.Context) error {
	f.left++
	return nil
}

func (f *fake) StartService(context.Context) error {
	f.asked <- "start service"
	return nil
}

func (f *fake) OfficialProfiles() []string { return nil }

// moment is when all tests play.
var moment = time.Date(2026, 9, 1, 9, 30, 0, 0, time.UTC)

// running is a view with a service and a few connections.
func running(v *client.View) {
	up := moment.Add(-65 * time.Minute)
	v.Service = client.ServiceState{Known: true, Running: true}
	v.Connections = []client.Connection{
		{ID: "amsterdam", Name: "Contoso Amsterdam", Authentication: profiles.EntraID, Entry: &store.Entry{ID: "amsterdam", Name: "Contoso Amsterdam", Profile: &profiles.Profile{}}, Servers: []string{"azuregateway-1.vpn.azure.com:443"},
			Session: &api.Session{ID: "s1", Profile: "Contoso Amsterdam", State: tunnel.Connected, Since: up, SignIn: &api.SignIn{Account: "alice@contoso.com"},
				Traffic: tunnel.Traffic{BytesIn: 84_512_000, BytesOut: 9_300_400},
				Connection: &tunnel.Session{Since: up, Server: "azuregateway-1.vpn.azure.com", Remote: netip.MustParseAddrPort("203.0.113.1:443"), Transport: "tcp", Interface: "footbridge0",
					Addresses: []netip.Prefix{netip.MustParsePrefix("172.16.201.2/24")}, Routes: []netip.Prefix{netip.MustParsePrefix("10.10.0.0/16"), netip.MustParsePrefix("10.101.0.0/16")},
					DNSServers: []netip.Addr{netip.MustParseAddr("10.10.0.53")}, DNSSuffixes: []string{"corp.contoso.com"}, MTU: 1500, Cipher: "AES-256-GCM", TLSVersion: "TLS 1.3", GatewayName: "6b1f0f5e.vpn.azure.com"}}},
		{ID: "radius", Name: "Fabrikam", Authentication: profiles.UsernamePassword, Entry: &store.Entry{ID: "radius", Name: "Fabrikam", Profile: &profiles.Profile{}}, Servers: []string{"vpn.fabrikam.com:443"}},
		{ID: "machine:hq", Name: "Headquarters", Authentication: profiles.Certificate, Machine: &api.MachineProfile{ID: "hq", Name: "Headquarters"}, AlwaysOn: true,
			Session: &api.Session{ID: "s2", Machine: "hq", Profile: "Headquarters", State: tunnel.Reconnecting, Stage: tunnel.Dialling, Since: up}},
	}
}

// shown is a window with a fake behind it, on a screen that only exists in memory. Everything happens on the test's own goroutine: what
// the window posts waits for drain.
type shown struct {
	*testing.T
	*fake
	app    fyne.App
	window *Window
	posts  chan func()
}

func show(t *testing.T, lang string, variant look.Variant, view func(*client.View)) *shown {
	t.Helper()
	return showWith(t, lang, variant, view, func(*Options) {})
}

// locked is a policy that allows an administrator's profiles only.
func locked() *api.Policy { return &api.Policy{MachineProfilesOnly: true} }

// showWith is show with other options.
func showWith(t *testing.T, lang string, variant look.Variant, view func(*client.View), change func(*Options)) *shown {
	t.Helper()
	texts, err := language.Open(lang)
	if err != nil {
		t.Fatal(err)
	}
	profiles, err := store.Open(t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &shown{T: t, fake: newFake(), app: test.NewTempApp(t), posts: make(chan func(), 1000)}
	s.app.Settings().SetTheme(look.New(variant))
	options := Options{App: s.app, Backend: s.fake, Profiles: profiles, Texts: texts, Now: func() time.Time { return moment }, Post: func(do func()) { s.posts <- do }}
	change(&options)
	s.window = New(options)
	s.window.Start(false)
	s.window.window.Resize(fyne.NewSize(900, 600))
	t.Cleanup(s.window.Ended)
	s.fake.set(view)
	s.until("the first picture", func() bool { return s.window.controller.View().Service.Known })
	return s
}

// until does what the window posted until something is so.
func (s *shown) until(what string, done func() bool) {
	s.Helper()
	deadline := time.After(20 * time.Second)
	for !done() {
		select {
		case do := <-s.posts:
			do()
		case <-deadline:
			s.Fatalf("%s: never so", what)
		}
	}
}

// wants waits for the window to ask for something.
func (s *shown) wants(what string) {
	s.Helper()
	deadline := time.After(20 * time.Second)
	for {
		select {
		case do := <-s.posts:
			do()
		case got := <-s.asked:
			if got != what {
				s.Errorf("it asked for %q, want %q", got, what)
			}
			return
		case <-deadline:
			s.Fatalf("it never asked for %q", what)
		}
	}
}

func TestMain(m *testing.M) {
	os.Setenv("TZ", "UTC")
	time.Local = time.UTC
	os.Exit(m.Run())
}
