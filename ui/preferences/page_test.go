package preferences

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/preferences"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page/pagetest"
)

// disk is a file and a system's entry that a test holds.
type disk struct {
	mu    sync.Mutex
	kept  preferences.Preferences
	on    bool
	fails error
	saved int
}

func (d *disk) Load() (preferences.Preferences, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept, d.fails
}
func (d *disk) Save(p preferences.Preferences) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = p
	d.saved++
	return d.fails
}
func (d *disk) On() (bool, error) { d.mu.Lock(); defer d.mu.Unlock(); return d.on, nil }
func (d *disk) Set(on bool) error { d.mu.Lock(); defer d.mu.Unlock(); d.on = on; return d.fails }
func (d *disk) has(so func(preferences.Preferences, bool) bool) func() bool {
	return func() bool { d.mu.Lock(); defer d.mu.Unlock(); return so(d.kept, d.on) }
}

type viewer client.View

func (v viewer) View() client.View { return client.View(v) }

func open(t *testing.T, d *disk, view client.View) (*pagetest.Bench, *Page) {
	t.Helper()
	b := pagetest.New(t, "en", look.Light, fyne.NewSize(420, 600))
	p := New(b.Env, Options{File: d, Startup: d, Viewer: viewer(view), Version: "1.2.3", Places: []string{"/home/alice/.config/footbridge"}})
	b.Show(p)
	b.Until("it is loaded", p.presenter.Loaded)
	return b, p
}

func TestShowsWhatIsKept(t *testing.T) {
	d := &disk{on: true, kept: preferences.Preferences{Language: "nl", Theme: preferences.DarkTheme, NoTray: true, Muted: []string{"lost"}, ImportProxy: "http://p:1", ImportTransport: "udp"}}
	_, p := open(t, d, client.View{})
	if p.language.Selected != "Nederlands" || p.theme.Selected != "Dark" || !p.atLogin.Checked || p.tray.Checked || p.kinds[control.Lost].Checked ||
		!p.kinds[control.Connected].Checked || p.proxy.Text != "http://p:1" || p.transport.Selected != "UDP" || p.locks.Visible() {
		t.Error("it is not what is kept")
	}
	if d.saved != 0 {
		t.Error("showing it changed it")
	}
}

func TestEveryChangeIsKept(t *testing.T) {
	d := &disk{}
	b, p := open(t, d, client.View{})
	var applied preferences.Preferences
	p.options.Apply = func(c preferences.Preferences) { applied = c }
	p.theme.SetSelectedIndex(2)
	p.language.SetSelected("Nederlands")
	test.Tap(p.tray)
	test.Tap(p.kinds[control.Connected])
	test.Tap(p.atLogin)
	p.transport.SetSelected("TCP")
	p.signIn.SetSelectedIndex(1)
	want := preferences.Preferences{Language: "nl", Theme: preferences.DarkTheme, NoTray: true, Muted: []string{"connected"}, ImportTransport: "tcp", ImportSignIn: "device-code"}
	b.Until("all is kept", d.has(func(kept preferences.Preferences, on bool) bool { return on && reflect.DeepEqual(kept, want) }))
	if !reflect.DeepEqual(applied, want) {
		t.Errorf("%+v", applied)
	}
}

func TestProxyIsCheckedAsOneTypes(t *testing.T) {
	d := &disk{}
	b, p := open(t, d, client.View{})
	test.Type(p.proxy, "http://alice:secret@proxy:80")
	if !p.proxyWrong.Visible() {
		t.Error("a password is taken")
	}
	p.proxy.SetText("")
	test.Type(p.proxy, "http://proxy:8080")
	b.Until("it is kept", d.has(func(kept preferences.Preferences, _ bool) bool { return kept.ImportProxy == "http://proxy:8080" }))
	if p.proxyWrong.Visible() {
		t.Error("it is still wrong")
	}
}

func TestAdministratorsLocks(t *testing.T) {
	_, p := open(t, &disk{}, client.View{Policy: &api.Policy{Locked: []string{"proxy"}}})
	if !p.proxy.Disabled() || p.transport.Disabled() || !p.locks.Visible() {
		t.Error("the proxy is not locked, or more is")
	}
	_, p = open(t, &disk{}, client.View{Policy: &api.Policy{MachineProfilesOnly: true}})
	if !p.proxy.Disabled() || !p.transport.Disabled() || !p.signIn.Disabled() {
		t.Error("the defaults for imports are not locked")
	}
}

func TestKeyboardAndFailures(t *testing.T) {
	d := &disk{}
	b, p := open(t, d, client.View{})
	b.TabTo("start at login", func(f fyne.Focusable) bool { return f == p.atLogin }).TypedRune(' ')
	b.Until("it is set", d.has(func(_ preferences.Preferences, on bool) bool { return on }))
	b.TabToButton("Website")
	if len(b.URLs) != 1 || b.URLs[0] != website {
		t.Error(b.URLs)
	}
	d.mu.Lock()
	d.fails = errors.New("disk full")
	d.mu.Unlock()
	test.Tap(p.quit)
	b.Until("it is said", func() bool { return len(b.Failures) == 1 })
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name, tag string
		variant   look.Variant
	}{{"light-en", "en", look.Light}, {"dark-nl", "nl", look.Dark}} {
		t.Run(c.name, func(t *testing.T) {
			b := pagetest.New(t, c.tag, c.variant, fyne.NewSize(400, 600))
			d := &disk{}
			p := New(b.Env, Options{File: d, Startup: d, Viewer: viewer{}, Version: "1.2.3", Places: []string{"/home/alice/.config/footbridge"}})
			b.Show(p)
			b.Until("it is loaded", p.presenter.Loaded)
			b.Scrolled(p.Content())
			b.Picture(c.name)
		})
	}
}
