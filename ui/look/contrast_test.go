package look

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// luminance is the relative luminance of a colour (WCAG 2.2).
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	linear := func(v uint32) float64 {
		s := float64(v) / 0xffff
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
}

func contrast(x, y color.Color) float64 {
	lx, ly := luminance(x), luminance(y)
	return (max(lx, ly) + 0.05) / (min(lx, ly) + 0.05)
}

// Texts reach 4.5:1 and what must be recognised 3:1 on everything they may stand on (WCAG 2.2, 1.4.3 and 1.4.11, level AA).
func TestContrast(t *testing.T) {
	pairs := []struct {
		front fyne.ThemeColorName
		least float64
		back  []fyne.ThemeColorName
	}{
		{theme.ColorNameForeground, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameButton, theme.ColorNameOverlayBackground, theme.ColorNameHeaderBackground}},
		{ColorNameQuiet, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameOverlayBackground}},
		{theme.ColorNameDisabled, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameOverlayBackground}}, // Fyne's texts of low importance
		{theme.ColorNamePlaceHolder, 4.5, []fyne.ThemeColorName{theme.ColorNameInputBackground}},
		{theme.ColorNamePrimary, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameOverlayBackground}},
		{theme.ColorNameSuccess, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard}},
		{theme.ColorNameWarning, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameOverlayBackground}},
		{theme.ColorNameError, 4.5, []fyne.ThemeColorName{theme.ColorNameBackground, ColorNameCard, theme.ColorNameOverlayBackground}},
		{ColorNameIn, 3, []fyne.ThemeColorName{ColorNameCard}},
		{ColorNameOut, 3, []fyne.ThemeColorName{ColorNameCard}},
		{theme.ColorNameForegroundOnPrimary, 4.5, []fyne.ThemeColorName{theme.ColorNamePrimary}},
		{theme.ColorNameForegroundOnError, 4.5, []fyne.ThemeColorName{theme.ColorNameError}},
		{theme.ColorNameForegroundOnSuccess, 4.5, []fyne.ThemeColorName{theme.ColorNameSuccess}},
		{theme.ColorNameForegroundOnWarning, 4.5, []fyne.ThemeColorName{theme.ColorNameWarning}},
		{theme.ColorNameInputBorder, 3, []fyne.ThemeColorName{theme.ColorNameInputBackground, theme.ColorNameBackground}},
	}
	for _, variant := range []Variant{Light, Dark} {
		look := New(variant)
		for _, pair := range pairs {
			for _, back := range pair.back {
				if got := contrast(look.Color(pair.front, 0), look.Color(back, 0)); got < pair.least {
					t.Errorf("%s: %s on %s: %.2f, want %.1f", variant, pair.front, back, got, pair.least)
				}
			}
		}
	}
}

// over is what is seen of a translucent colour on another one.
func over(front, back color.Color) color.Color {
	f, b := color.NRGBAModel.Convert(front).(color.NRGBA), color.NRGBAModel.Convert(back).(color.NRGBA)
	mix := func(x, y uint8) uint8 { return uint8((int(x)*int(f.A) + int(y)*(0xff-int(f.A))) / 0xff) }
	return color.NRGBA{R: mix(f.R, b.R), G: mix(f.G, b.G), B: mix(f.B, b.B), A: 0xff}
}

// The row of a list that is chosen, or under the mouse, can still be read, its second line included.
func TestContrastOfRows(t *testing.T) {
	for _, variant := range []Variant{Light, Dark} {
		look := New(variant)
		for _, mark := range []fyne.ThemeColorName{theme.ColorNameSelection, theme.ColorNameHover} {
			row := over(look.Color(mark, 0), look.Color(theme.ColorNameBackground, 0))
			for _, front := range []fyne.ThemeColorName{theme.ColorNameForeground, theme.ColorNameDisabled} {
				if got := contrast(look.Color(front, 0), row); got < 4.5 {
					t.Errorf("%s: %s on %s: %.2f", variant, front, mark, got)
				}
			}
		}
	}
}

// A theme that follows the system takes either palette.
func TestFollowsSystem(t *testing.T) {
	look := New(System)
	if look.Color(theme.ColorNameBackground, theme.VariantDark) == look.Color(theme.ColorNameBackground, theme.VariantLight) {
		t.Error("light and dark are the same")
	}
}
