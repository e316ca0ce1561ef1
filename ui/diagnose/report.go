package diagnose

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/report"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// askReport says what a support report is and asks whether names stay in it.
func (p *Page) askReport() {
	texts := p.env.Texts
	plain := widget.NewCheck(texts.Text("ui.diagnose.plain", nil), nil)
	plainHow := wrapped(texts.Text("ui.diagnose.plain-how", nil))
	plainHow.Importance = widget.LowImportance
	var d *dialog.CustomDialog
	cancel := keyboard.NewButton(texts.Text("ui.action.cancel", nil), func() { d.Hide() })
	cancel.OnEscape = cancel.OnTapped
	choose := keyboard.NewButton(texts.Text("ui.diagnose.choose", nil), func() {
		d.Hide()
		p.ask(p.env, report.DefaultName(p.env.Now()), func(path string) { p.writeReport(path, plain.Checked) })
	})
	choose.OnEscape, choose.Importance = cancel.OnTapped, widget.HighImportance
	body := container.NewVBox(wrapped(texts.Text("ui.diagnose.report-what", nil)), wrapped(texts.Text("ui.diagnose.report-names", nil)), plain, plainHow)
	d = p.dialog("ui.diagnose.report-title", body, cancel, choose)
	p.env.Window.Canvas().Focus(choose)
}

func (p *Page) dialog(title string, body fyne.CanvasObject, buttons ...fyne.CanvasObject) *dialog.CustomDialog {
	d := dialog.NewCustomWithoutButtons(p.env.Texts.Text(title, nil), body, p.env.Window)
	d.SetButtons(buttons)
	width := min(480, p.env.Window.Canvas().Size().Width)
	d.Resize(fyne.NewSize(width, d.MinSize().Height))
	d.Show()
	d.Resize(fyne.NewSize(width, d.MinSize().Height)) // what wraps knows its height now
	return d
}

// writeReport writes beside. The diagnosis that is shown goes into it.
func (p *Page) writeReport(path string, plain bool) {
	result := p.presenter.Result()
	p.report.Disable()
	p.env.Notice(p.env.Texts.Text("ui.diagnose.report-writing", nil))
	p.env.Go(func(ctx context.Context) {
		written, err := p.doctor.Report(ctx, path, plain, result)
		p.env.Post(func() {
			p.refresh()
			if err != nil {
				p.env.Failed(err)
				return
			}
			p.showReport(written, plain)
		})
	})
}

// showReport says where the report is and what is in it.
func (p *Page) showReport(w report.Written, plain bool) {
	texts := p.env.Texts
	body := container.NewVBox(text(texts.Text("ui.diagnose.report-done", language.Values{"Path": w.Path, "Size": texts.Bytes(uint64(w.Size))}), widget.MediumImportance))
	if plain {
		body.Add(text(texts.Text("report.plain", nil), widget.WarningImportance))
	} else {
		body.Add(text(texts.Count("report.replaced", w.Replaced, nil), widget.MediumImportance))
	}
	for _, missing := range w.Missing {
		translated, _ := texts.Translate(missing)
		body.Add(text(translated, widget.WarningImportance))
	}
	body.Add(text(texts.Text("ui.diagnose.report-files", language.Values{"Files": strings.Join(w.Files, ", ")}), widget.LowImportance))
	var d *dialog.CustomDialog
	path := keyboard.NewButton(texts.Text("ui.diagnose.copy-path", nil), func() {
		p.env.Copy(w.Path)
		p.env.Notice(texts.Text("ui.diagnose.copied", nil))
	})
	closing := keyboard.NewButton(texts.Text("ui.diagnose.close", nil), func() { d.Hide() })
	closing.Importance = widget.HighImportance
	path.OnEscape, closing.OnEscape = closing.OnTapped, closing.OnTapped
	d = p.dialog("ui.diagnose.report-title", body, path, closing)
	p.env.Window.Canvas().Focus(closing)
}
