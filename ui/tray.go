package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// tray is the icon beside the clock. The zero value is a desktop that has no place for one.
type tray struct {
	window *Window
	app    desktop.App
	shown  []present.Connection
	icon   string
}

func newTray(w *Window) tray {
	app, ok := w.options.App.(desktop.App)
	if !ok || !w.options.Tray {
		return tray{window: w}
	}
	return tray{window: w, app: app}
}

func (t *tray) present() bool { return t.app != nil }

func (t *tray) start() {
	if t.present() {
		t.app.SetSystemTrayIcon(look.TrayOff())
		t.app.SetSystemTrayMenu(t.menu(nil))
	}
}

// refresh shows the connections in the tray. The desktop is bothered only where something changed.
func (t *tray) refresh() {
	if !t.present() {
		return
	}
	now := t.connections()
	if sameMenu(t.shown, now) {
		return
	}
	t.shown = now
	t.app.SetSystemTrayMenu(t.menu(now))
	if icon := trayIcon(now); icon.Name() != t.icon {
		t.icon = icon.Name()
		t.app.SetSystemTrayIcon(icon)
	}
}

func (t *tray) connections() []present.Connection {
	w := t.window
	var list []present.Connection
	for _, c := range w.controller.View().Connections {
		list = append(list, present.NewConnection(w.options.Texts, w.options.Now(), w.controller, c))
	}
	return list
}

func sameMenu(x, y []present.Connection) bool {
	if len(x) != len(y) || x == nil {
		return false
	}
	for i := range x {
		if x[i].ID != y[i].ID || x[i].Name != y[i].Name || x[i].State != y[i].State || x[i].Action != y[i].Action || x[i].Locked != y[i].Locked {
			return false
		}
	}
	return true
}

// trayIcon is the picture for all connections together: what needs the user goes first.
func trayIcon(list []present.Connection) fyne.Resource {
	states := map[present.State]bool{}
	for _, c := range list {
		states[c.State] = true
	}
	switch {
	case states[present.Waiting] || states[present.Failed]:
		return look.TrayAttention()
	case states[present.Busy]:
		return look.TrayBusy()
	case states[present.On]:
		return look.TrayOn()
	default:
		return look.TrayOff()
	}
}

// mostInTray is how many connections the menu has: it does not scroll on every desktop.
const mostInTray = 15

func (t *tray) menu(list []present.Connection) *fyne.Menu {
	w := t.window
	items := []*fyne.MenuItem{fyne.NewMenuItem(w.text("tray.open"), w.Raise), fyne.NewMenuItemSeparator()}
	for i, c := range list {
		if i == mostInTray {
			items = append(items, fyne.NewMenuItem(w.text("tray.more"), w.Raise))
			break
		}
		items = append(items, t.item(c))
	}
	quit := fyne.NewMenuItem(w.text("tray.quit"), w.Quit)
	quit.IsQuit = true
	return fyne.NewMenu("Footbridge", append(items, fyne.NewMenuItemSeparator(), quit)...)
}

// item connects or disconnects one connection.
func (t *tray) item(c present.Connection) *fyne.MenuItem {
	w := t.window
	label := w.options.Texts.Text("ui.tray.item", language.Values{"Action": c.Label, "Name": c.Name, "State": c.Word})
	item := fyne.NewMenuItem(label, func() {
		switch c.Action {
		case present.Connect, present.SignIn:
			w.controller.Connect(c.ID)
		case present.Cancel, present.Disconnect:
			w.controller.Disconnect(c.ID)
		}
	})
	item.Checked = c.State == present.On
	item.Disabled = c.Locked != "" || c.Action == present.Wait
	return item
}

// notify tells the user of something while they may look elsewhere.
func (w *Window) notify(notice control.Notice) {
	if w.options.Notify != nil && !w.options.Notify(notice.Kind) {
		return
	}
	text := w.options.Texts.Text("ui.notify."+string(notice.Kind), language.Values{"Name": notice.Name})
	switch {
	case notice.Err != nil:
		trouble := present.NewTrouble(w.options.Texts, notice.Err)
		text += " " + trouble.Sentence + " " + trouble.Remedy
	case notice.Message != "":
		message, _ := w.options.Texts.Translate(notice.Message)
		text += " " + message
	}
	w.options.App.SendNotification(fyne.NewNotification("Footbridge", text))
}
