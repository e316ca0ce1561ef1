package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// The names under which the window's size and place are remembered.
const (
	widthKey  = "window.width"
	heightKey = "window.height"
	placedKey = "window.placed"
	leftKey   = "window.left"
	topKey    = "window.top"
)

// Placer knows where windows stand, which Fyne does not tell.
type Placer interface {
	// Place is where a window is, in the desktop's own units; false: the desktop does not say.
	Place(fyne.Window) (x, y int, ok bool)
	// Reachable reports whether a window at a place could be seen and moved: the screen that it was on may be gone.
	Reachable(x, y int) bool
}

// restoreSize gives the window the size that it had.
func (w *Window) restoreSize() {
	kept := w.options.App.Preferences()
	w.window.Resize(fyne.NewSize(float32(kept.FloatWithFallback(widthKey, 920)), float32(kept.FloatWithFallback(heightKey, 640))))
}

// restorePlace puts the window where it was, where the desktop lets it.
func (w *Window) restorePlace() {
	movable, is := w.window.(desktop.Window)
	kept := w.options.App.Preferences()
	if !is || w.options.Placer == nil || !kept.Bool(placedKey) {
		return
	}
	if x, y := kept.Int(leftKey), kept.Int(topKey); w.options.Placer.Reachable(x, y) {
		movable.RequestPosition(x, y)
	}
}

func (w *Window) keepPlace() {
	size := w.window.Canvas().Size()
	kept := w.options.App.Preferences()
	kept.SetFloat(widthKey, float64(size.Width))
	kept.SetFloat(heightKey, float64(size.Height))
	if !w.seen || w.options.Placer == nil {
		return
	}
	if x, y, known := w.options.Placer.Place(w.window); known {
		kept.SetInt(leftKey, x)
		kept.SetInt(topKey, y)
		kept.SetBool(placedKey, true)
	}
}

// appear shows the window, and has what is open follow what goes on.
func (w *Window) appear() {
	if w.seen {
		w.window.Show()
		return
	}
	w.restorePlace()
	w.window.Show()
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
	w.keepPlace()
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
	w.keepPlace()
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
