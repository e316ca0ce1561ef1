// Package look is how Footbridge looks: its colours, in light and dark, and its pictures.
package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Variant says which colours are used.
type Variant string

// The variants. The zero value follows the system.
const (
	System Variant = ""
	Light  Variant = "light"
	Dark   Variant = "dark"
)

// Colours besides Fyne's own.
const (
	ColorNameIn    fyne.ThemeColorName = "footbridge.in"    // traffic to this computer
	ColorNameOut   fyne.ThemeColorName = "footbridge.out"   // traffic from this computer
	ColorNameCard  fyne.ThemeColorName = "footbridge.card"  // behind what belongs together
	ColorNameQuiet fyne.ThemeColorName = "footbridge.quiet" // text that is less important, and still legible
)

// Theme is Footbridge's.
type Theme struct {
	fyne.Theme
	variant Variant
}

// New makes the theme for a variant.
func New(variant Variant) *Theme { return &Theme{theme.DefaultTheme(), variant} }

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, system fyne.ThemeVariant) color.Color {
	switch t.variant {
	case Light:
		system = theme.VariantLight
	case Dark:
		system = theme.VariantDark
	}
	palette := light
	if system == theme.VariantDark {
		palette = dark
	}
	if c, ok := palette(name); ok {
		return c
	}
	return t.Theme.Color(name, system)
}

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case theme.SizeNameInputRadius, theme.SizeNameSelectionRadius:
		return 6
	case theme.SizeNameInnerPadding:
		return 8
	case theme.SizeNameHeadingText:
		return 20
	case theme.SizeNameSubHeadingText:
		return 16
	default:
		return t.Theme.Size(name)
	}
}

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 0xff}
}

func translucent(hex uint32, alpha uint8) color.NRGBA {
	c := rgb(hex)
	c.A = alpha
	return c
}

// light is the palette on white.
func light(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case theme.ColorNameBackground:
		return rgb(0xf6f7f9), true
	case ColorNameCard, theme.ColorNameInputBackground, theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground:
		return rgb(0xffffff), true
	case theme.ColorNameHeaderBackground:
		return rgb(0xeceff3), true
	case theme.ColorNameForeground:
		return rgb(0x1b1f24), true
	case ColorNameQuiet, theme.ColorNamePlaceHolder:
		return rgb(0x59636e), true
	case theme.ColorNameDisabled: // also of texts of low importance
		return rgb(0x535c66), true
	case theme.ColorNameButton:
		return rgb(0xe4e8ee), true
	case theme.ColorNameDisabledButton:
		return rgb(0xeceff3), true
	case theme.ColorNamePrimary, theme.ColorNameHyperlink:
		return rgb(0x0b5cad), true
	case theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning:
		return rgb(0xffffff), true
	case theme.ColorNameSuccess, ColorNameIn:
		return rgb(0x116329), true
	case ColorNameOut:
		return rgb(0x0b5cad), true
	case theme.ColorNameWarning:
		return rgb(0x7d4e00), true
	case theme.ColorNameError:
		return rgb(0xb3261e), true
	case theme.ColorNameInputBorder:
		return rgb(0x818b98), true
	case theme.ColorNameSeparator:
		return rgb(0xd1d9e0), true
	case theme.ColorNameFocus:
		return translucent(0x0b5cad, 0x66), true
	case theme.ColorNameSelection:
		return translucent(0x0b5cad, 0x30), true
	case theme.ColorNameHover:
		return translucent(0x000000, 0x10), true
	default:
		return nil, false
	}
}

// dark is the palette on near black.
func dark(name fyne.ThemeColorName) (color.Color, bool) {
	switch name {
	case theme.ColorNameBackground:
		return rgb(0x15181c), true
	case ColorNameCard, theme.ColorNameInputBackground:
		return rgb(0x1d2126), true
	case theme.ColorNameOverlayBackground, theme.ColorNameMenuBackground, theme.ColorNameHeaderBackground:
		return rgb(0x23282e), true
	case theme.ColorNameForeground:
		return rgb(0xe8eaed), true
	case ColorNameQuiet, theme.ColorNamePlaceHolder, theme.ColorNameDisabled: // the last also of texts of low importance
		return rgb(0xa4adb8), true
	case theme.ColorNameButton:
		return rgb(0x2e343c), true
	case theme.ColorNameDisabledButton:
		return rgb(0x23282e), true
	case theme.ColorNamePrimary, theme.ColorNameHyperlink, ColorNameOut:
		return rgb(0x79b8ff), true
	case theme.ColorNameForegroundOnPrimary, theme.ColorNameForegroundOnError, theme.ColorNameForegroundOnSuccess, theme.ColorNameForegroundOnWarning:
		return rgb(0x0d1117), true
	case theme.ColorNameSuccess, ColorNameIn:
		return rgb(0x6fdd8b), true
	case theme.ColorNameWarning:
		return rgb(0xf2c14e), true
	case theme.ColorNameError:
		return rgb(0xff8f87), true
	case theme.ColorNameInputBorder:
		return rgb(0x6e7681), true
	case theme.ColorNameSeparator:
		return rgb(0x3a414a), true
	case theme.ColorNameFocus:
		return translucent(0x79b8ff, 0x80), true
	case theme.ColorNameSelection:
		return translucent(0x79b8ff, 0x38), true
	case theme.ColorNameHover:
		return translucent(0xffffff, 0x14), true
	default:
		return nil, false
	}
}
