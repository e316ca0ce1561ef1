package keyboard

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// reveal scrolls to what has the focus now: whoever goes on with the Tab key sees where they are. Fyne leaves that to the app.
func reveal(o fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(o)
	if canvas == nil {
		return
	}
	scroll := around(canvas.Content(), o)
	if scroll == nil {
		return
	}
	const above = 64 // for what is written above a field
	top := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(scroll.Content).Y
	bottom := top + o.Size().Height
	offset := scroll.Offset
	switch height := scroll.Size().Height; {
	case top < offset.Y:
		offset.Y = max(0, top-above)
	case bottom > offset.Y+height:
		offset.Y = bottom + theme.Padding() - height
	default:
		return
	}
	scroll.ScrollToOffset(offset)
}

// around is the innermost scrolled area that an object is in; nil: it is in none.
func around(tree, o fyne.CanvasObject) *container.Scroll {
	found, _ := find(tree, o, nil)
	return found
}

func find(tree, o fyne.CanvasObject, inside *container.Scroll) (*container.Scroll, bool) {
	if tree == o {
		return inside, true
	}
	var children []fyne.CanvasObject
	switch t := tree.(type) {
	case *container.Scroll:
		inside, children = t, []fyne.CanvasObject{t.Content}
	case *fyne.Container:
		children = t.Objects
	}
	for _, child := range children {
		if child == nil || !child.Visible() {
			continue
		}
		if scroll, there := find(child, o, inside); there {
			return scroll, true
		}
	}
	return nil, false
}

// FocusGained implements fyne.Focusable.
func (e *Entry) FocusGained() {
	e.Entry.FocusGained()
	reveal(e)
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() {
	b.Button.FocusGained()
	reveal(b)
}

// Select is a widget.Select that is scrolled to when it gets the focus.
type Select struct{ widget.Select }

// NewSelect makes a selection.
func NewSelect(options []string, changed func(string)) *Select {
	s := &Select{}
	s.Options, s.OnChanged, s.PlaceHolder = options, changed, " "
	s.ExtendBaseWidget(s)
	return s
}

// FocusGained implements fyne.Focusable.
func (s *Select) FocusGained() {
	s.Select.FocusGained()
	reveal(s)
}

// Check is a widget.Check that is scrolled to when it gets the focus.
type Check struct{ widget.Check }

// NewCheck makes a check box.
func NewCheck(text string, changed func(bool)) *Check {
	c := &Check{}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// FocusGained implements fyne.Focusable.
func (c *Check) FocusGained() {
	c.Check.FocusGained()
	reveal(c)
}
