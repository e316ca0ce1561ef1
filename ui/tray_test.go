package ui

import (
	"strings"
	"sync"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// desktopApp is an app on a desktop that shows tray icons and notifications, and keeps what it is given.
type desktopApp struct {
	fyne.App
	mu      sync.Mutex
	menu    *fyne.Menu
	menus   int // how often the menu was set
	icon    string
	notices []string
	quit    bool
}

func (d *desktopApp) SetSystemTrayMenu(menu *fyne.Menu)     { d.menu = menu; d.menus++ }
func (d *desktopApp) SetSystemTrayIcon(icon fyne.Resource)  { d.icon = icon.Name() }
func (d *desktopApp) SetSystemTrayWindow(fyne.Window)       {}
func (d *desktopApp) SendNotification(n *fyne.Notification) { d.notices = append(d.notices, n.Content) }
func (d *desktopApp) Quit()                                 { d.mu.Lock(); d.quit = true; d.mu.Unlock() }
func (d *desktopApp) hasQuit() bool                         { d.mu.Lock(); defer d.mu.Unlock(); return d.quit }

// item is the menu's item whose label has a text.
func (d *desktopApp) item(t *testing.T, label string) *fyne.MenuItem {
	t.Helper()
	for _, item := range d.menu.Items {
		if strings.Contains(item.Label, label) {
			return item
		}
	}
	t.Fatalf("the tray has no %q", label)
	return nil
}

func showOnDesktop(t *testing.T, view func(*client.View), change func(*Options)) (*shown, *desktopApp) {
	t.Helper()
	d := &desktopApp{}
	s := showWith(t, "en", look.Light, view, func(o *Options) {
		d.App = o.App
		o.App, o.Tray = d, true
		change(o)
	})
	return s, d
}

func TestTray(t *testing.T) {
	s, d := showOnDesktop(t, running, func(*Options) {})
	if d.icon != look.TrayBusy().Name() { // one connection is up, and another one on its way
		t.Errorf("icon %q", d.icon)
	}
	if up := d.item(t, "Contoso Amsterdam"); !up.Checked || up.Disabled {
		t.Errorf("%+v", up)
	}
	if kept := d.item(t, "Headquarters"); !kept.Disabled {
		t.Error("what an administrator keeps on can be ended in the tray")
	}
	menus := d.menus
	s.set(func(v *client.View) {
		v.Connections[0].Session = changed(v.Connections[0].Session, func(x *api.Session) { x.Traffic.BytesIn++ })
	})
	s.until("the new count", func() bool { return s.window.controller.View().Connections[0].Session.Traffic.BytesIn == 84_512_001 })
	if d.menus != menus {
		t.Error("the desktop is bothered though nothing changed in the tray")
	}
	d.item(t, "Fabrikam").Action()
	s.wants("connect Fabrikam")
	d.item(t, "Contoso Amsterdam").Action()
	s.wants("disconnect Contoso Amsterdam")
	for _, c := range []struct {
		icon   string
		change func(*client.View)
	}{
		{look.TrayAttention().Name(), func(v *client.View) {
			v.Connections[1].Session = &api.Session{ID: "s3", Profile: "Fabrikam", State: tunnel.Reconnecting, WaitingForUser: true}
		}},
		{look.TrayOn().Name(), func(v *client.View) { v.Connections[1].Session, v.Connections[2].Session = nil, nil }},
		{look.TrayOff().Name(), func(v *client.View) { v.Connections[0].Session = nil }},
	} {
		s.set(c.change)
		s.until("icon "+c.icon, func() bool { return d.icon == c.icon })
	}
}

// With an icon in the tray, closing the window leaves the app there; nothing is measured for a graph that nobody sees. Opened again, it goes on.
func TestCloseIntoTray(t *testing.T) {
	s, d := showOnDesktop(t, running, func(*Options) {})
	s.window.Open("amsterdam")
	s.window.closeWindow()
	if d.hasQuit() || s.window.seen {
		t.Error("it is not in the tray")
	}
	looking := s.window.controller.LooksAtTraffic()
	d.item(t, "Open").Action()
	if looking || !s.window.controller.LooksAtTraffic() || !s.window.seen {
		t.Errorf("traffic is measured in the tray: %v; with the window open: %v", looking, s.window.controller.LooksAtTraffic())
	}
	d.item(t, "Quit").Action()
	s.until("the app has ended", d.hasQuit)
	if s.fake.left != 1 {
		t.Errorf("tunnels left %d times", s.fake.left)
	}
}

// Without an icon, or where the user wants it, closing the window ends the app; the tunnels are left to the background.
func TestCloseEnds(t *testing.T) {
	for name, change := range map[string]func(*Options){"no tray": func(o *Options) { o.Tray = false }, "wanted": func(o *Options) { o.QuitWhenClosed = true }} {
		t.Run(name, func(t *testing.T) {
			s, d := showOnDesktop(t, running, change)
			s.window.closeWindow()
			s.until("the app has ended", d.hasQuit)
			if s.fake.left != 1 {
				t.Errorf("tunnels left %d times", s.fake.left)
			}
		})
	}
}

// Each thing that a user should hear of while they look elsewhere is a notification, in a sentence with the connection's name.
func TestNotifications(t *testing.T) {
	muted := map[control.NoticeKind]bool{}
	s, d := showOnDesktop(t, func(v *client.View) {
		running(v)
		v.Connections[0].Session, v.Connections[2].Session = nil, nil
	}, func(o *Options) { o.Notify = func(kind control.NoticeKind) bool { return !muted[kind] } })
	session := func(state tunnel.State, change func(*api.Session)) func(*client.View) {
		return func(v *client.View) {
			v.Connections[1].Session = &api.Session{ID: "s3", Profile: "Fabrikam", State: state}
			if change != nil {
				change(v.Connections[1].Session)
			}
		}
	}
	s.fake.mu.Lock()
	s.ends["Fabrikam"] = client.End{Record: api.Record{Profile: "Fabrikam", Problem: &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "The gateway refused the sign-in."}}}
	s.fake.mu.Unlock()
	for _, c := range []struct {
		says   []string
		change func(*client.View)
	}{
		{[]string{"Fabrikam", "connected"}, session(tunnel.Connected, nil)},
		{[]string{"Fabrikam", "interrupted"}, session(tunnel.Reconnecting, nil)},
		{[]string{"Fabrikam", "sign in"}, session(tunnel.Reconnecting, func(x *api.Session) { x.WaitingForUser = true })},
		{[]string{"Fabrikam", "The gateway refused the sign-in."}, func(v *client.View) { v.Connections[1].Session = nil }},
		{[]string{"Headquarters", "administrator"}, func(v *client.View) {
			v.Connections[2].Machine = &api.MachineProfile{ID: "hq", Name: "Headquarters", SHA256: "other"}
		}},
	} {
		before := len(d.notices)
		s.set(c.change)
		s.until(strings.Join(c.says, " "), func() bool { return len(d.notices) > before })
		for _, word := range c.says {
			if last := d.notices[len(d.notices)-1]; len(d.notices) != before+1 || !strings.Contains(strings.ToLower(last), strings.ToLower(word)) {
				t.Errorf("%q, want %q", d.notices[before:], c.says)
			}
		}
	}
	muted[control.Connected] = true
	before := len(d.notices)
	s.set(session(tunnel.Connected, nil))
	s.until("it is up", func() bool { c, _ := s.window.controller.View().Find("radius"); return c.Session != nil })
	if len(d.notices) != before {
		t.Errorf("muted, and still %q", d.notices[before:])
	}
}

func changed(session *api.Session, change func(*api.Session)) *api.Session {
	next := *session
	change(&next)
	return &next
}

// The window has the size and the place again that it had, unless the screen that it was on is gone.
func TestPlaceIsRemembered(t *testing.T) {
	p := &placer{x: 321, y: 123, reachable: true}
	s := showWith(t, "en", look.Light, running, func(o *Options) { o.Placer = p })
	s.window.window.Resize(fyne.NewSize(801, 702))
	s.window.closeWindow()
	again := func() *movable {
		options := s.window.options
		options.Post = func(do func()) { do() }
		other := New(options)
		if size := other.window.Canvas().Size(); size != fyne.NewSize(801, 702) {
			t.Errorf("%v", size)
		}
		m := &movable{Window: other.window}
		other.window = m
		other.appear()
		return m
	}
	if m := again(); m.x != 321 || m.y != 123 {
		t.Errorf("it is at %d, %d", m.x, m.y)
	}
	p.reachable = false
	if m := again(); m.x != 0 || m.y != 0 {
		t.Errorf("it is at %d, %d, which nobody sees", m.x, m.y)
	}
}

// placer is a desktop where windows stand at one place.
type placer struct {
	x, y      int
	reachable bool
}

func (p *placer) Place(fyne.Window) (x, y int, ok bool) { return p.x, p.y, true }
func (p *placer) Reachable(int, int) bool               { return p.reachable }

// movable is a window that keeps where it was put.
type movable struct {
	fyne.Window
	x, y int
}

func (m *movable) RequestPosition(x, y int)    { m.x, m.y = x, y }
func (m *movable) RequestFullScreenSecondary() {}
func (m *movable) RequestAlwaysOnTop()         {}
