//go:build cgo

package main

/*
#cgo LDFLAGS: -lX11
#include <X11/Xlib.h>

// placeOf finds where a window's content begins on the screen. It asks over a connection of its own: the window's belongs to GLFW.
static int placeOf(Window window, int *x, int *y) {
	Display *display = XOpenDisplay(NULL);
	if (display == NULL) return 0;
	Window child;
	int known = XTranslateCoordinates(display, window, DefaultRootWindow(display), 0, 0, x, y, &child);
	XCloseDisplay(display);
	return known;
}

static int screenSize(int *width, int *height) {
	Display *display = XOpenDisplay(NULL);
	if (display == NULL) return 0;
	*width = DisplayWidth(display, DefaultScreen(display));
	*height = DisplayHeight(display, DefaultScreen(display));
	XCloseDisplay(display);
	return 1;
}
*/
import "C"

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
)

// places knows where windows stand on a screen of X11. Wayland tells nobody.
type places struct{}

// Place implements ui.Placer.
func (places) Place(window fyne.Window) (x, y int, ok bool) {
	native, is := window.(driver.NativeWindow)
	if !is {
		return 0, 0, false
	}
	native.RunNative(func(context any) {
		on, is := context.(driver.X11WindowContext)
		if !is || on.WindowHandle == 0 {
			return
		}
		var left, top C.int
		ok = C.placeOf(C.Window(on.WindowHandle), &left, &top) != 0
		x, y = int(left), int(top)
	})
	return x, y, ok
}

// Reachable implements ui.Placer.
func (places) Reachable(x, y int) bool {
	var width, height C.int
	return C.screenSize(&width, &height) != 0 && x >= 0 && y >= 0 && x < int(width)-grip && y < int(height)-grip
}
