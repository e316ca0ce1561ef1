// Package graph draws how fast a connection was in the last minutes.
package graph

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"golang.org/x/image/vector"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// Span is how far back the graph reaches.
const Span = 5 * time.Minute

// Graph shows both directions of a connection over time. It draws only when it is given something new.
type Graph struct {
	widget.BaseWidget
	texts   *language.Texts
	samples []control.Sample
	now     time.Time
	top     float64 // of the axis, bytes a second
}

// New makes an empty graph.
func New(texts *language.Texts) *Graph {
	g := &Graph{texts: texts, top: leastTop}
	g.ExtendBaseWidget(g)
	return g
}

// Set shows samples, oldest first, as of now.
func (g *Graph) Set(now time.Time, samples []control.Sample) {
	g.now, g.samples, g.top = now, samples, top(samples)
	g.Refresh()
}

// leastTop is the smallest top of the axis, in bytes a second: noise is not drawn as if it were a flood.
const leastTop = 10_000

// top is a round number above all samples: 1, 2 or 5 times a power of ten.
func top(samples []control.Sample) float64 {
	highest := 0.0
	for _, s := range samples {
		highest = max(highest, s.In, s.Out)
	}
	scale := float64(leastTop)
	for {
		for _, step := range []float64{1, 2, 5} {
			if step*scale >= highest {
				return step * scale
			}
		}
		scale *= 10
	}
}

// MinSize implements fyne.Widget.
func (g *Graph) MinSize() fyne.Size { return fyne.NewSize(160, 120) }

// CreateRenderer implements fyne.Widget.
func (g *Graph) CreateRenderer() fyne.WidgetRenderer {
	r := &renderer{graph: g, back: canvas.NewRectangle(nil)}
	r.plot = canvas.NewRaster(g.draw)
	for range levels {
		r.levels = append(r.levels, canvas.NewText("", nil))
		r.lines = append(r.lines, canvas.NewLine(nil))
	}
	r.past, r.present = canvas.NewText("", nil), canvas.NewText("", nil)
	r.Refresh()
	return r
}

// levels is how many lines the axis has: the top, and half of it; the bottom is the edge.
const levels = 2

type renderer struct {
	graph         *Graph
	back          *canvas.Rectangle
	plot          *canvas.Raster
	levels        []*canvas.Text
	lines         []*canvas.Line
	past, present *canvas.Text
	size          fyne.Size
}

// Layout implements fyne.WidgetRenderer.
func (r *renderer) Layout(size fyne.Size) {
	r.size = size
	bottom := r.past.MinSize().Height
	height := size.Height - bottom
	r.back.Resize(fyne.NewSize(size.Width, height))
	r.plot.Resize(fyne.NewSize(size.Width, height))
	for i, line := range r.lines {
		y := height * float32(i) / levels
		line.Position1, line.Position2 = fyne.NewPos(0, y), fyne.NewPos(size.Width, y)
		r.levels[i].Move(fyne.NewPos(4, y+1))
	}
	r.past.Move(fyne.NewPos(0, height))
	r.present.Move(fyne.NewPos(size.Width-r.present.MinSize().Width, height))
}

// MinSize implements fyne.WidgetRenderer.
func (r *renderer) MinSize() fyne.Size { return r.graph.MinSize() }

// Refresh implements fyne.WidgetRenderer.
func (r *renderer) Refresh() {
	g := r.graph
	quiet, separator := g.colour(look.ColorNameQuiet), g.colour(theme.ColorNameSeparator)
	r.back.FillColor, r.back.CornerRadius = g.colour(look.ColorNameCard), 4
	small := theme.SizeForWidget(theme.SizeNameCaptionText, g)
	for i, text := range r.levels {
		text.Text, text.Color, text.TextSize = g.texts.Rate(g.top*float64(levels-i)/levels), quiet, small
		r.lines[i].StrokeColor, r.lines[i].StrokeWidth = separator, 1
		text.Refresh()
		r.lines[i].Refresh()
	}
	r.past.Text = g.texts.Text("ui.graph.ago", language.Values{"Minutes": g.texts.Number(int64(Span / time.Minute))})
	r.present.Text = g.texts.Text("ui.graph.now", nil)
	for _, text := range []*canvas.Text{r.past, r.present} {
		text.Color, text.TextSize = quiet, small
		text.Refresh()
	}
	r.Layout(r.size)
	r.back.Refresh()
	r.plot.Refresh()
}

// Objects implements fyne.WidgetRenderer.
func (r *renderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.back}
	for _, line := range r.lines {
		objects = append(objects, line)
	}
	objects = append(objects, r.plot)
	for _, text := range r.levels {
		objects = append(objects, text)
	}
	return append(objects, r.past, r.present)
}

// Destroy implements fyne.WidgetRenderer.
func (r *renderer) Destroy() {}

func (g *Graph) colour(name fyne.ThemeColorName) color.Color {
	return g.Theme().Color(name, fyne.CurrentApp().Settings().ThemeVariant())
}

// draw paints both directions, in pixels.
func (g *Graph) draw(width, height int) image.Image {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	if len(g.samples) < 2 || width < 2 || height < 2 {
		return picture
	}
	g.area(picture, g.colour(look.ColorNameIn), func(s control.Sample) float64 { return s.In })
	g.area(picture, g.colour(look.ColorNameOut), func(s control.Sample) float64 { return s.Out })
	return picture
}

// thickness of a line, in pixels.
const thickness = 2

// area paints one direction: a line, and faintly what is below it.
func (g *Graph) area(picture *image.NRGBA, colour color.Color, of func(control.Sample) float64) {
	width, height := picture.Bounds().Dx(), picture.Bounds().Dy()
	points := make([]point, 0, len(g.samples))
	for _, s := range g.samples {
		age := g.now.Sub(s.At).Seconds() / Span.Seconds()
		points = append(points, point{float32(width) * float32(1-age), float32(height) * float32(1-of(s)/g.top)})
	}
	below, line := vector.NewRasterizer(width, height), vector.NewRasterizer(width, height)
	below.MoveTo(points[0].x, float32(height))
	for i, p := range points {
		below.LineTo(p.x, p.y)
		if i > 0 {
			stroke(line, points[i-1], p)
		}
	}
	below.LineTo(points[len(points)-1].x, float32(height))
	below.ClosePath()
	below.DrawOp = draw.Over
	below.Draw(picture, picture.Bounds(), image.NewUniform(faint(colour)), image.Point{})
	line.Draw(picture, picture.Bounds(), image.NewUniform(colour), image.Point{})
}

type point struct{ x, y float32 }

// stroke adds a piece of a line, as thick when it is steep as when it is flat.
func stroke(line *vector.Rasterizer, from, to point) {
	dx, dy := to.x-from.x, to.y-from.y
	length := float32(math.Hypot(float64(dx), float64(dy)))
	if length == 0 {
		return
	}
	x, y := -dy/length*thickness/2, dx/length*thickness/2 // across the line
	line.MoveTo(from.x+x, from.y+y)
	line.LineTo(to.x+x, to.y+y)
	line.LineTo(to.x-x, to.y-y)
	line.LineTo(from.x-x, from.y-y)
	line.ClosePath()
}

func faint(c color.Color) color.Color {
	solid := color.NRGBAModel.Convert(c).(color.NRGBA)
	solid.A = 0x30
	return solid
}
