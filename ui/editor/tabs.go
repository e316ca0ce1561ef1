package editor

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// tabs are parts of a page of which one is seen. Other than container.AppTabs they can be reached with the Tab key, and go into a second row
// where the window is narrow.
type tabs struct {
	content *fyne.Container
	bar     *fyne.Container
	body    *fyne.Container
	parts   []part
	open    int
	left    func() // called when another one is opened
}

// part is one tab.
type part struct {
	name    string
	content *container.Scroll
	button  *keyboard.Button
	line    *underline
}

func newTabs() *tabs {
	t := &tabs{bar: flow.New(), body: container.NewStack()}
	top := container.New(layout.NewCustomPaddedVBoxLayout(0), t.bar, widget.NewSeparator())
	t.content = container.New(layout.NewBorderLayout(top, nil, nil, nil), top, t.body) // the Tab key comes by in this order
	return t
}

// add puts another tab behind the others. The first one is open.
func (t *tabs) add(name string, content fyne.CanvasObject) {
	at := len(t.parts)
	p := part{name: name, content: container.NewVScroll(container.NewPadded(content)), line: newUnderline()}
	p.button = keyboard.NewButton(name, func() { t.show(at) })
	p.button.Importance = widget.LowImportance
	t.parts = append(t.parts, p)
	t.bar.Add(container.New(layout.NewCustomPaddedVBoxLayout(0), p.button, p.line))
	t.body.Add(p.content)
	t.mark()
}

// show opens a tab.
func (t *tabs) show(at int) {
	if at == t.open {
		return
	}
	t.open = at
	t.mark()
	if t.left != nil {
		t.left()
	}
}

func (t *tabs) mark() {
	for i, p := range t.parts {
		visible(p.content, i == t.open)
		p.line.set(i == t.open)
	}
}

// underline marks what is chosen.
type underline struct {
	widget.BaseWidget
	on bool
}

func newUnderline() *underline {
	u := &underline{}
	u.ExtendBaseWidget(u)
	return u
}

func (u *underline) set(on bool) {
	if u.on != on {
		u.on = on
		u.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (u *underline) CreateRenderer() fyne.WidgetRenderer {
	r := &underlineRenderer{underline: u, rectangle: canvas.NewRectangle(nil)}
	r.Refresh()
	return r
}

type underlineRenderer struct {
	underline *underline
	rectangle *canvas.Rectangle
}

// thickness is that of the line, in the theme's units.
const thickness = 3

// Layout implements fyne.WidgetRenderer.
func (r *underlineRenderer) Layout(size fyne.Size) { r.rectangle.Resize(size) }

// MinSize implements fyne.WidgetRenderer.
func (r *underlineRenderer) MinSize() fyne.Size { return fyne.NewSize(0, thickness) }

// Refresh implements fyne.WidgetRenderer.
func (r *underlineRenderer) Refresh() {
	r.rectangle.FillColor = r.underline.Theme().Color(theme.ColorNamePrimary, fyne.CurrentApp().Settings().ThemeVariant())
	visible(r.rectangle, r.underline.on)
	r.rectangle.Refresh()
}

// Objects implements fyne.WidgetRenderer.
func (r *underlineRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rectangle} }

// Destroy implements fyne.WidgetRenderer.
func (r *underlineRenderer) Destroy() {}
