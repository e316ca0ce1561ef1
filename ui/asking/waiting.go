package asking

import (
	"context"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
	"rsc.io/qr"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// Browser implements signin.Asker.
func (a *Asker) Browser(ctx context.Context, request signin.BrowserRequest) {
	about := "browser-about"
	if !request.Opened {
		about = "browser-by-hand"
	}
	a.wait(ctx, request.Profile, a.text("browser-title", nil), func() []fyne.CanvasObject {
		label := widget.NewLabel(a.text(about, language.Values{"Name": request.Profile}))
		label.Wrapping = fyne.TextWrapWord
		again := widget.NewButtonWithIcon(a.text("browser-again", nil), theme.ComputerIcon(), func() {
			if err := a.env.OpenURL(request.URL); err != nil {
				a.env.Failed(err)
			}
		})
		return []fyne.CanvasObject{label, widget.NewProgressBarInfinite(), flow.New(again, a.copyButton("copy-address", request.URL))}
	})
}

// DeviceCode implements signin.Asker.
func (a *Asker) DeviceCode(ctx context.Context, code signin.DeviceCode) {
	a.wait(ctx, code.Profile, a.text("device-title", nil), func() []fyne.CanvasObject {
		about := widget.NewLabel(a.text("device-about", language.Values{"Name": code.Profile, "Address": code.VerificationURL}))
		about.Wrapping = fyne.TextWrapWord
		typed := widget.NewLabelWithStyle(code.UserCode, fyne.TextAlignCenter, fyne.TextStyle{Bold: true, Monospace: true})
		typed.SizeName = theme.SizeNameHeadingText
		typed.Selectable = true
		until := widget.NewLabel(a.text("device-until", language.Values{"Moment": a.env.Texts.Moment(code.Expires)}))
		until.Wrapping = fyne.TextWrapWord
		open := widget.NewButtonWithIcon(a.text("device-open", nil), theme.ComputerIcon(), func() {
			if err := a.env.OpenURL(code.VerificationURL); err != nil {
				a.env.Failed(err)
			}
		})
		lines := []fyne.CanvasObject{about, typed}
		if picture := qrCode(code.VerificationURL); picture != nil {
			lines = append(lines, container.NewCenter(picture))
		}
		return append(lines, until, flow.New(a.copyButton("copy-code", code.UserCode), open))
	})
}

func (a *Asker) copyButton(key, text string) fyne.CanvasObject {
	return widget.NewButtonWithIcon(a.text(key, nil), theme.ContentCopyIcon(), func() {
		a.env.Copy(text)
		a.env.Notice(a.env.Texts.Text("ui.copied", nil))
	})
}

// wait shows that a sign-in goes on elsewhere, until it is over.
func (a *Asker) wait(ctx context.Context, profile, title string, make func() []fyne.CanvasObject) {
	var d *dialog.CustomDialog
	a.env.Post(func() {
		if ctx.Err() != nil {
			return
		}
		a.raise()
		objects := make()
		d = dialog.NewCustomWithoutButtons(title, container.NewVBox(objects...), a.env.Window)
		over := false
		cancel := keyboard.NewButton(a.env.Texts.Text("ui.action.cancel", nil), func() { d.Hide() })
		cancel.OnEscape = cancel.OnTapped
		d.SetButtons([]fyne.CanvasObject{cancel})
		d.SetOnClosed(func() {
			stopBars(objects)
			if ctx.Err() == nil && !over {
				over = true
				a.cancel(profile)
			}
		})
		showFitting(d, min(460, a.env.Window.Canvas().Size().Width))
		a.env.Window.Canvas().Focus(cancel)
	})
	<-ctx.Done()
	a.env.Post(func() {
		if d != nil {
			d.Hide()
		}
	})
}

// stopBars ends animations that nobody sees any more.
func stopBars(objects []fyne.CanvasObject) {
	for _, object := range objects {
		if bar, ok := object.(*widget.ProgressBarInfinite); ok {
			bar.Stop()
		}
	}
}

// qrSize is how large a QR code is drawn, in the theme's units.
const qrSize = 168

// qrCode is an address for another screen's camera; nil where it is too long for one. It is dark on light in every theme, as cameras want it.
func qrCode(address string) fyne.CanvasObject {
	code, err := qr.Encode(strings.TrimSpace(address), qr.M)
	if err != nil {
		return nil
	}
	quiet := 4 // modules around it (ISO/IEC 18004)
	side := code.Size + 2*quiet
	picture := canvas.NewRasterWithPixels(func(x, y, width, height int) color.Color {
		if code.Black(x*side/width-quiet, y*side/height-quiet) {
			return color.Black
		}
		return color.White
	})
	picture.ScaleMode = canvas.ImageScalePixels
	picture.SetMinSize(fyne.NewSquareSize(qrSize))
	return picture
}
