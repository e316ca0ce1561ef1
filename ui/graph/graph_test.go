package graph

import (
	"image"
	"image/color"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

var now = time.Date(2026, 9, 1, 9, 30, 0, 0, time.UTC)

func newGraph(t *testing.T) *Graph {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(look.New(look.Light))
	texts, err := language.Open("en")
	if err != nil {
		t.Fatal(err)
	}
	return New(texts)
}

// The axis ends in a round number that no sample is above.
func TestTop(t *testing.T) {
	for highest, want := range map[float64]float64{0: 10_000, 10_000: 10_000, 10_001: 20_000, 20_001: 50_000, 50_001: 100_000, 3_000_000_000: 5_000_000_000} {
		if got := top([]control.Sample{{In: 1}, {Out: highest}}); got != want {
			t.Errorf("above %v it ends at %v, want %v", highest, got, want)
		}
	}
}

// highest is the topmost row of a picture with a colour, and columns are the first and last with it.
func highest(picture image.Image, wanted color.Color) (row, first, last int) {
	r, g, b, _ := wanted.RGBA()
	row, first, last = -1, -1, -1
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if pr, pg, pb, alpha := picture.At(x, y).RGBA(); alpha == 0xffff && pr>>8 == r>>8 && pg>>8 == g>>8 && pb>>8 == b>>8 {
				if row < 0 {
					row = y
				}
				if first < 0 || x < first {
					first = x
				}
				last = max(last, x)
			}
		}
	}
	return row, first, last
}

// Both directions are drawn, as high as they were fast and as far back as they go; what was not measured is left empty.
func TestDraw(t *testing.T) {
	g := newGraph(t)
	if row, _, _ := highest(g.draw(300, 100), g.colour(look.ColorNameIn)); row >= 0 {
		t.Error("there is a line though nothing was measured")
	}
	var samples []control.Sample
	for at := now.Add(-Span / 2); !at.After(now); at = at.Add(time.Second) {
		samples = append(samples, control.Sample{At: at, In: 80_000, Out: 20_000})
	}
	g.Set(now, samples)
	picture := g.draw(300, 100)
	for name, c := range map[string]struct {
		colour color.Color
		row    int
	}{"in": {g.colour(look.ColorNameIn), 20}, "out": {g.colour(look.ColorNameOut), 80}} {
		row, first, last := highest(picture, c.colour)
		if row < c.row-2 || row > c.row+2 || first < 148 || first > 153 || last < 296 {
			t.Errorf("%s: from row %d, in columns %d to %d", name, row, first, last)
		}
	}
}
