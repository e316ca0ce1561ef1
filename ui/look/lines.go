package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewLines puts two lines of text closer together than boxes do: a name, and what is to be said of it.
func NewLines(first, second *widget.Label) *fyne.Container {
	return container.New(lines{}, first, second)
}

// lines is the layout of NewLines.
type lines struct{}

// overlap is how much of the padding of two labels is shared.
const overlap = 12

// MinSize implements fyne.Layout.
func (lines) MinSize(objects []fyne.CanvasObject) fyne.Size {
	first, second := objects[0].MinSize(), objects[1].MinSize()
	return fyne.NewSize(max(first.Width, second.Width), first.Height+second.Height-overlap)
}

// Layout implements fyne.Layout.
func (lines) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[1].Resize(fyne.NewSize(size.Width, objects[1].MinSize().Height)) // its height follows from its width where it wraps
	first, second := objects[0].MinSize().Height, objects[1].MinSize().Height
	top := (size.Height - first - second + overlap) / 2
	objects[0].Move(fyne.NewPos(0, top))
	objects[0].Resize(fyne.NewSize(size.Width, first))
	objects[1].Move(fyne.NewPos(0, top+first-overlap))
	objects[1].Resize(fyne.NewSize(size.Width, second))
}

// NewDense draws content with less room around its texts, as a table has it.
func NewDense(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewThemeOverride(content, &dense{fyne.CurrentApp().Settings().Theme()})
}

type dense struct{ fyne.Theme }

// Size implements fyne.Theme.
func (d *dense) Size(name fyne.ThemeSizeName) float32 {
	if name == theme.SizeNameInnerPadding {
		return 4
	}
	return d.Theme.Size(name)
}
