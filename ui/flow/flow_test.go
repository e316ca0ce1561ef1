package flow

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
)

func block(width, height float32) *canvas.Rectangle {
	r := canvas.NewRectangle(nil)
	r.SetMinSize(fyne.NewSize(width, height))
	return r
}

func TestRows(t *testing.T) {
	test.NewTempApp(t)
	first, second, hidden, third := block(50, 10), block(60, 20), block(500, 500), block(40, 10)
	hidden.Hide()
	c := New(first, second, hidden, third)
	gap := float32(4)
	for _, step := range []struct {
		width         float32
		second, third fyne.Position
		height        float32
	}{
		{400, fyne.NewPos(50+gap, 0), fyne.NewPos(110+2*gap, 0), 20},
		{120, fyne.NewPos(50+gap, 0), fyne.NewPos(0, 20+gap), 30 + gap},
		{60, fyne.NewPos(0, 10+gap), fyne.NewPos(0, 30+2*gap), 40 + 2*gap},
		{400, fyne.NewPos(50+gap, 0), fyne.NewPos(110+2*gap, 0), 20},
	} {
		c.Resize(fyne.NewSize(step.width, 100))
		if second.Position() != step.second || third.Position() != step.third {
			t.Errorf("%v wide: %v, %v", step.width, second.Position(), third.Position())
		}
		if got := c.MinSize(); got != fyne.NewSize(60, step.height) {
			t.Errorf("%v wide: at least %v", step.width, got)
		}
	}
}
