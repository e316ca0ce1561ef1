package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
)

// The names under which the window's size is remembered.
const (
	widthKey  = "window.width"
	heightKey = "window.height"
)

// restoreSize gives the window the size that it had. Where it stands is the desktop's business: Fyne does not tell.
func (w *Window) restoreSize() {
	kept := w.options.App.Preferences()
	w.window.Resize(fyne.NewSize(float32(kept.FloatWithFallback(widthKey, 920)), float32(kept.FloatWithFallback(heightKey, 640))))
}

func (w *Window) keepSize() {
	size := w.window.Canvas().Size()
	kept := w.options.App.Preferences()
	kept.SetFloat(widthKey, float64(size.Width))
	kept.SetFloat(heightKey, float64(size.Height))
}

// appear shows the window, and has what is open follow what goes on.
func (w *Window) appear() {
	w.window.Show()
	if w.seen {
		return
	}
	w.seen = true
	w.list.Shown()
	if w.open != nil {
		w.open.Shown()
	}
}

// vanish leaves the tray icon only. What nobody sees is not measured, asked for or drawn.
func (w *Window) vanish() {
	w.window.Hide()
	if !w.seen {
		return
	}
	w.seen = false
	w.list.Hidden()
	if w.open != nil {
		w.open.Hidden()
	}
}

// closeWindow leaves the tunnels as they are: the program goes on in the tray, or hands them over and ends.
func (w *Window) closeWindow() {
	w.keepSize()
	if w.tray.present() && !w.options.QuitWhenClosed {
		w.vanish()
		return
	}
	w.Quit()
}

// leaveLimit bounds how long the tunnels' hand-over may hold up the end of the program.
const leaveLimit = 20 * time.Second

// Quit ends the program. Tunnels stay up: another program in the background answers for them.
func (w *Window) Quit() {
	if w.leaving {
		return
	}
	w.leaving = true
	w.keepSize()
	w.vanish()
	go func() {
		w.handOver()
		w.end()
		w.options.Post(w.options.App.Quit)
	}()
}

// handOver leaves the tunnels to the background.
func (w *Window) handOver() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	if err := w.options.Backend.Leave(ctx); err != nil {
		w.options.Logger.Warn("connections not handed over", "error", err)
	}
}

// Ended waits for what still runs beside, after the window is gone. Where the desktop ended the program, as when its user logs out, the
// tunnels are handed over first.
func (w *Window) Ended() {
	if !w.leaving {
		w.leaving = true
		w.handOver()
	}
	w.end()
	w.working.Wait()
}
