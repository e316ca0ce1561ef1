// Package page is what the window gives to each of its pages.
package page

import (
	"context"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"github.com/footbridge-vpn/footbridge/client/language"
)

// Env is what a page works with. The window that makes it fills in every field.
type Env struct {
	Texts  *language.Texts
	Window fyne.Window
	Logger *slog.Logger
	// Now is the clock, which tests hold still so that pictures stay the same.
	Now func() time.Time
	// Post has something done on the goroutine that may touch widgets: fyne.Do in a window that is shown, and at once in most tests. It
	// is the one edge between what happens elsewhere and what is seen.
	Post func(func())
	// Go does work beside, which must not hold the window up. The context ends when the window closes.
	Go func(func(context.Context))
	// OpenURL shows an address in the user's browser.
	OpenURL func(address string) error
	// Copy puts a text on the clipboard.
	Copy func(text string)
	// Paste is the text on the clipboard.
	Paste func() string
	// Notice tells the user in passing that something was done, as in "Copied.". It goes away by itself.
	Notice func(text string)
	// Undo is Notice with a button that undoes what was done.
	Undo func(text string, undo func())
	// Failed shows an error with its remedy.
	Failed func(err error)
}

// Page is one thing that the window can show.
type Page interface {
	// Content is what is shown. It is made once.
	Content() fyne.CanvasObject
	// Shown is called when the page becomes visible, and Hidden when it no longer is: what is not seen need not be redrawn.
	Shown()
	Hidden()
}

// Keeper is a page that can have something on it that the user did not save.
type Keeper interface {
	// Keep asks the user, where there is something, whether to throw it away, and calls leave if so. It reports whether it asks: else the
	// page can be left at once.
	Keep(leave func()) bool
}
