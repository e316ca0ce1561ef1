package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// NewCard puts content on a card: what belongs together.
func NewCard(content fyne.CanvasObject) *fyne.Container {
	back := &surface{}
	back.ExtendBaseWidget(back)
	return container.NewStack(back, container.NewPadded(content))
}

// surface is a rounded rectangle in the colour of cards, whatever the theme is at the time.
type surface struct{ widget.BaseWidget }

// CreateRenderer implements fyne.Widget.
func (s *surface) CreateRenderer() fyne.WidgetRenderer {
	r := &surfaceRenderer{surface: s, rectangle: canvas.NewRectangle(nil)}
	r.rectangle.CornerRadius = 8
	r.Refresh()
	return r
}

type surfaceRenderer struct {
	surface   *surface
	rectangle *canvas.Rectangle
}

// Layout implements fyne.WidgetRenderer.
func (r *surfaceRenderer) Layout(size fyne.Size) { r.rectangle.Resize(size) }

// MinSize implements fyne.WidgetRenderer.
func (r *surfaceRenderer) MinSize() fyne.Size { return fyne.Size{} }

// Refresh implements fyne.WidgetRenderer.
func (r *surfaceRenderer) Refresh() {
	r.rectangle.FillColor = r.surface.Theme().Color(ColorNameCard, fyne.CurrentApp().Settings().ThemeVariant())
	r.rectangle.Refresh()
}

// Objects implements fyne.WidgetRenderer.
func (r *surfaceRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.rectangle} }

// Destroy implements fyne.WidgetRenderer.
func (r *surfaceRenderer) Destroy() {}

// NewIcon is a picture of a size in the theme's units.
func NewIcon(resource fyne.Resource, size float32) *canvas.Image {
	image := canvas.NewImageFromResource(resource)
	image.FillMode = canvas.ImageFillContain
	image.SetMinSize(fyne.NewSquareSize(size))
	return image
}
