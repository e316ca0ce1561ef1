package logs

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// line is a record in the list. There are as many as are in sight.
type line struct {
	icon  *canvas.Image
	word  *widget.Label
	clock *widget.Label
	text  *widget.Label
	shown Row
}

func (p *Page) newLine() fyne.CanvasObject {
	l := &line{icon: look.NewIcon(levelIcon(Info), iconSize), word: widget.NewLabel(""), clock: widget.NewLabel(""), text: widget.NewLabel("")}
	for _, label := range []*widget.Label{l.clock, l.word, l.text} {
		label.Truncation = fyne.TextTruncateEllipsis
	}
	l.clock.TextStyle.Monospace = true
	l.word.Importance, l.clock.Importance = widget.LowImportance, widget.LowImportance
	object := container.New(&columns{clock: labelWidth("00:00:00", true), word: widestWord(p.env.Texts)}, l.clock, l.icon, l.word, l.text)
	p.rows[object] = l
	return object
}

func (p *Page) fillLine(i widget.ListItemID, object fyne.CanvasObject) {
	rows, l := p.presenter.Rows(), p.rows[object]
	if i >= len(rows) || l.shown == rows[i] {
		return
	}
	l.shown = rows[i]
	l.icon.Resource = levelIcon(l.shown.Level)
	l.icon.Refresh()
	l.word.SetText(l.shown.Level.word(p.env.Texts))
	l.clock.SetText(clock(l.shown.Time))
	l.text.SetText(l.shown.Text)
}

// levelIcon tells a level by its shape; the word is beside it.
func levelIcon(level Level) fyne.Resource {
	switch level {
	case Error:
		return theme.NewErrorThemedResource(theme.ErrorIcon())
	case Warning:
		return theme.NewWarningThemedResource(theme.WarningIcon())
	case Debug:
		return theme.NewColoredResource(theme.MoreHorizontalIcon(), look.ColorNameQuiet)
	default:
		return theme.NewColoredResource(theme.InfoIcon(), theme.ColorNamePrimary)
	}
}

func labelWidth(text string, monospace bool) float32 {
	return widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Monospace: monospace}).MinSize().Width + 4 // or rounding cuts the last letter
}

func widestWord(texts *language.Texts) (widest float32) {
	for _, level := range levels() {
		widest = max(widest, labelWidth(level.word(texts), false))
	}
	return widest
}

// columns put the clock, the icon, the word and the text of a record beside each other, at the same places in each row. In a narrow
// window the icon's shape stands for the word.
type columns struct{ clock, word float32 }

const (
	iconSize = 16
	narrow   = 520 // where there is no place for the word
)

// MinSize implements fyne.Layout.
func (c *columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(c.clock+iconSize+60, objects[3].MinSize().Height)
}

// Layout implements fyne.Layout.
func (c *columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	word := c.word
	if size.Width < narrow {
		word = 0
		objects[2].Hide()
	} else {
		objects[2].Show()
	}
	x := float32(0)
	for i, width := range []float32{c.clock, iconSize, word, max(0, size.Width-c.clock-iconSize-word)} {
		objects[i].Resize(fyne.NewSize(width, size.Height))
		objects[i].Move(fyne.NewPos(x, 0))
		x += width
	}
}
