//go:build cgo

package main

import (
	"unsafe"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"golang.org/x/sys/windows"
)

// places knows where windows stand.
type places struct{}

// point is Windows' POINT.
type point struct{ x, y int32 }

// nowhere is MONITOR_DEFAULTTONULL: a point on no monitor has none.
const nowhere = 0

func user32(name string) *windows.LazyProc {
	return windows.NewLazySystemDLL("user32.dll").NewProc(name)
}

// Place implements ui.Placer.
func (places) Place(window fyne.Window) (x, y int, ok bool) {
	native, is := window.(driver.NativeWindow)
	if !is {
		return 0, 0, false
	}
	native.RunNative(func(context any) {
		on, is := context.(driver.WindowsWindowContext)
		if !is || on.HWND == 0 {
			return
		}
		var at point
		done, _, _ := user32("ClientToScreen").Call(on.HWND, uintptr(unsafe.Pointer(&at)))
		x, y, ok = int(at.x), int(at.y), done != 0
	})
	return x, y, ok
}

// Reachable implements ui.Placer.
func (places) Reachable(x, y int) bool {
	at := point{int32(x + grip), int32(y + grip)}
	monitor, _, _ := user32("MonitorFromPoint").Call(uintptr(*(*uint64)(unsafe.Pointer(&at))), nowhere) // the structure goes by value
	return monitor != 0
}
