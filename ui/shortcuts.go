package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// addShortcuts gives the keyboard what the mouse can do.
func (w *Window) addShortcuts() {
	canvas := w.window.Canvas()
	for key, do := range map[fyne.KeyName]func(){
		fyne.KeyF: w.list.FocusSearch,
		fyne.KeyO: w.importing.Start,
		fyne.KeyW: w.closeWindow,
		fyne.KeyQ: w.Quit,
		fyne.KeyD: w.toggle,
	} {
		canvas.AddShortcut(&desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}, func(fyne.Shortcut) { do() })
	}
	canvas.SetOnTypedKey(func(event *fyne.KeyEvent) {
		if event.Name == fyne.KeyEscape {
			w.Close()
		}
	})
}

// toggle connects or disconnects the connection that is open.
func (w *Window) toggle() {
	c, ok := w.controller.View().Find(w.connection)
	switch {
	case !ok:
	case c.Session == nil && w.controller.Doing(c.ID) == "":
		w.controller.Connect(c.ID)
	case !c.AlwaysOn:
		w.controller.Disconnect(c.ID)
	}
}
