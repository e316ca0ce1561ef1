package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/ui/connection"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// draft is a page with something on it that is not saved.
type draft struct {
	widget.Label
	saved bool
	leave []func()
}

func (d *draft) Content() fyne.CanvasObject { return &d.Label }
func (d *draft) Shown()                     {}
func (d *draft) Hidden()                    {}
func (d *draft) Keep(leave func()) bool {
	if !d.saved {
		d.leave = append(d.leave, leave)
	}
	return !d.saved
}

// What is not saved is not thrown away by a click elsewhere.
func TestUnsavedPagesAreKept(t *testing.T) {
	s := show(t, "en", look.Light, running)
	d := &draft{}
	d.ExtendBaseWidget(d)
	s.window.show(d, "amsterdam")
	s.window.Open("radius")
	s.window.Close()
	if s.window.open != d || s.window.connection != "amsterdam" || len(d.leave) != 2 {
		t.Fatalf("%T is open, it asked %d times", s.window.open, len(d.leave))
	}
	d.leave[0]()
	if _, opened := s.window.open.(*connection.Page); !opened || s.window.connection != "radius" {
		t.Errorf("%T is open", s.window.open)
	}
	d.saved = true
	s.window.show(d, "amsterdam")
	s.window.Close()
	if s.window.open != nil {
		t.Errorf("%T is open", s.window.open)
	}
	// A connection that is gone takes its page with it.
	d.saved = false
	s.window.show(d, "amsterdam")
	s.set(func(v *client.View) {
		v.Connections = slices.DeleteFunc(v.Connections, func(c client.Connection) bool { return c.ID == "amsterdam" })
	})
	s.until("the page is gone", func() bool { return s.window.open == nil })
}
