package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// failed shows an error: one sentence, one remedy, and a button for the detail.
func (w *Window) failed(err error) {
	trouble := present.NewTrouble(w.options.Texts, err)
	sentence := widget.NewLabelWithStyle(trouble.Sentence, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	remedy, detail := widget.NewLabel(trouble.Remedy), widget.NewLabel(trouble.Detail)
	for _, label := range []*widget.Label{sentence, remedy, detail} {
		label.Wrapping, label.Selectable = fyne.TextWrapWord, true
	}
	if trouble.Remedy == "" {
		remedy.Hide()
	}
	detail.Hide()
	var d *dialog.CustomDialog
	closing := keyboard.NewButton(w.text("close"), func() { d.Hide() })
	buttons := []fyne.CanvasObject{}
	if trouble.Detail != "" {
		more := keyboard.NewButton(w.text("trouble.detail"), func() {
			if detail.Visible() {
				detail.Hide()
			} else {
				detail.Show()
			}
			d.Resize(fyne.NewSize(w.dialogWidth(), d.MinSize().Height))
		})
		more.OnEscape = closing.OnTapped
		buttons = append(buttons, more)
	}
	closing.OnEscape, closing.Importance = closing.OnTapped, widget.HighImportance
	d = dialog.NewCustomWithoutButtons(w.text("failed"), container.NewVBox(sentence, remedy, detail), w.window)
	d.SetIcon(theme.ErrorIcon())
	d.SetButtons(append(buttons, closing))
	d.Resize(fyne.NewSize(w.dialogWidth(), d.MinSize().Height))
	d.Show()
	w.window.Canvas().Focus(closing)
}

func (w *Window) dialogWidth() float32 { return min(460, w.window.Canvas().Size().Width) }
