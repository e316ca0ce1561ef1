// Package flow lays things out as words in a text: in as many rows as the width asks for, so that a window can be made narrow again.
package flow

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// New puts objects into rows. The smallest width is that of the widest of them.
func New(objects ...fyne.CanvasObject) *fyne.Container { return container.New(&rows{}, objects...) }

// rows remembers for which width it was asked, as its height follows from that.
type rows struct{ width float32 }

// MinSize implements fyne.Layout.
func (r *rows) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var widest float32
	for _, o := range objects {
		if o.Visible() {
			widest = max(widest, o.MinSize().Width)
		}
	}
	return fyne.NewSize(widest, r.place(objects, max(widest, r.width), nil))
}

// Layout implements fyne.Layout.
func (r *rows) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	r.width = size.Width
	r.place(objects, size.Width, func(o fyne.CanvasObject, at fyne.Position) {
		o.Resize(o.MinSize())
		o.Move(at)
	})
}

// place finds where everything goes and returns the height.
func (r *rows) place(objects []fyne.CanvasObject, width float32, put func(fyne.CanvasObject, fyne.Position)) float32 {
	gap := theme.Padding()
	var at fyne.Position
	var row float32 // height of the row
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		size := o.MinSize()
		if at.X > 0 && at.X+size.Width > width {
			at = fyne.NewPos(0, at.Y+row+gap)
			row = 0
		}
		if put != nil {
			put(o, at)
		}
		at.X += size.Width + gap
		row = max(row, size.Height)
	}
	return at.Y + row
}
