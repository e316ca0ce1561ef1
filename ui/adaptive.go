package ui

import "fyne.io/fyne/v2"

// The widths of the two panes, in the theme's units.
const (
	listWidth   = 330
	narrowBelow = 660 // where there is room for one pane only
	margin      = 14  // beside what is open
)

// adaptive lays out the list and what is open: side by side, or one of them where the window is narrow.
type adaptive struct {
	showDetail func() bool // in a narrow window
	narrow     func(bool)  // told when the window becomes narrow or wide
	was        *bool       // what it was told last
}

// MinSize implements fyne.Layout.
func (a *adaptive) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 360) }

// Layout implements fyne.Layout. The objects are the list, what is open, and the line between them.
func (a *adaptive) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	list, detail, divider := objects[0], objects[1], objects[2]
	narrow := size.Width < narrowBelow
	if a.was == nil || *a.was != narrow {
		a.was = &narrow
		a.narrow(narrow)
	}
	if narrow {
		divider.Hide()
		front, back := list, detail
		if a.showDetail() {
			front, back = detail, list
		}
		back.Hide()
		front.Show()
		front.Move(fyne.NewPos(margin/2, 0))
		front.Resize(fyne.NewSize(size.Width-margin, size.Height))
		return
	}
	list.Show()
	detail.Show()
	divider.Show()
	list.Move(fyne.NewPos(0, 0))
	list.Resize(fyne.NewSize(listWidth, size.Height))
	divider.Move(fyne.NewPos(listWidth, 0))
	divider.Resize(fyne.NewSize(1, size.Height))
	detail.Move(fyne.NewPos(listWidth+1+margin, 0))
	detail.Resize(fyne.NewSize(size.Width-listWidth-1-2*margin, size.Height))
}
