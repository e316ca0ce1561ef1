// Package diagnose is the page that finds out why a connection does not work.
package diagnose

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/saving"
)

// Page shows a diagnosis.
type Page struct {
	env       page.Env
	viewer    Viewer
	doctor    Doctor
	id        string // of the connection; empty: of none
	presenter *Presenter
	ask       func(env page.Env, suggested string, then func(path string)) // where to save

	content    *container.Scroll
	body       *fyne.Container
	choice     *widget.Select
	ids        []string // of the connections in choice
	note       *widget.Label
	host       *keyboard.Entry
	run        *keyboard.Button
	cancel     *keyboard.Button
	copying    *keyboard.Button
	report     *keyboard.Button
	progress   *widget.ProgressBar
	summary    *summary
	everything *widget.Check
	rows       map[diagnosis.Stage]*row
	list       *fyne.Container

	begun  bool
	number int                // of the diagnosis
	stop   context.CancelFunc // nil: nothing runs
}

// New makes the page for the connection with an id, or for none where it is empty.
func New(env page.Env, viewer Viewer, doctor Doctor, id string) *Page {
	p := &Page{env: env, viewer: viewer, doctor: doctor, id: id, presenter: NewPresenter(env.Texts), ask: saving.Ask, rows: map[diagnosis.Stage]*row{}}
	p.build()
	p.refresh()
	return p
}

func (p *Page) build() {
	texts := p.env.Texts
	title := widget.NewLabelWithStyle(texts.Text("ui.diagnose.title", nil), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameSubHeadingText
	intro := wrapped(texts.Text("ui.diagnose.intro", nil))
	p.choice = widget.NewSelect(nil, nil)
	p.fillChoice()
	p.note = wrapped(texts.Text("ui.diagnose.machine", nil))
	p.host = keyboard.NewEntry()
	p.host.SetPlaceHolder(texts.Text("ui.diagnose.host", nil))
	p.host.OnSubmitted = func(string) { p.start() }
	p.host.OnEscape = func() { p.host.SetText("") }
	p.run = keyboard.NewButton(texts.Text("ui.diagnose.run", nil), p.start)
	p.run.Importance, p.run.Icon = widget.HighImportance, theme.SearchIcon()
	p.cancel = keyboard.NewButton(texts.Text("ui.action.cancel", nil), p.end)
	p.cancel.OnEscape = p.end
	p.copying = keyboard.NewButton(texts.Text("ui.diagnose.copy", nil), p.copyText)
	p.copying.Icon = theme.ContentCopyIcon()
	p.report = keyboard.NewButton(texts.Text("ui.diagnose.report", nil), p.askReport)
	p.report.Icon = theme.DocumentSaveIcon()
	p.progress = widget.NewProgressBar()
	p.progress.TextFormatter = func() string { return texts.Text("ui.diagnose.looking", nil) }
	p.summary = newSummary()
	p.everything = widget.NewCheck(texts.Text("ui.diagnose.everything", nil), func(bool) { p.refresh() })
	p.list = container.NewVBox()
	for _, stage := range stages() {
		p.rows[stage.id] = newRow()
	}
	p.body = container.NewVBox(title, intro, p.choice, p.note, p.host, flow.New(p.run, p.cancel, p.copying, p.report), p.progress, p.summary.content, p.list, p.everything)
	p.content = container.NewVScroll(container.NewPadded(p.body))
}

func wrapped(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

// fillChoice offers all connections, and none of them.
func (p *Page) fillChoice() {
	p.choice.OnChanged = nil
	p.ids, p.choice.Options = []string{""}, []string{p.env.Texts.Text("ui.diagnose.none", nil)}
	chosen := 0
	for _, c := range p.viewer.View().Connections {
		if c.ID == p.id {
			chosen = len(p.ids)
		}
		p.ids, p.choice.Options = append(p.ids, c.ID), append(p.choice.Options, c.Name)
	}
	p.choice.SetSelectedIndex(chosen)
	p.id = p.ids[chosen]
	p.choice.OnChanged = func(string) {
		p.id = p.ids[p.choice.SelectedIndex()]
		p.refresh()
	}
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page. Where the user came because of a connection, it begins at once.
func (p *Page) Shown() {
	if !p.begun {
		p.begun = true
		if p.id != "" {
			p.start()
		}
	}
}

// Hidden implements page.Page.
func (p *Page) Hidden() { p.end() }

// start looks at everything anew.
func (p *Page) start() {
	if p.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.number++
	number := p.number
	p.presenter.Begin()
	id, host := p.id, strings.TrimSpace(p.host.Text)
	p.env.Go(func(program context.Context) {
		defer stop()
		defer context.AfterFunc(program, stop)()
		result, err := p.doctor.Diagnose(ctx, id, host, func(check diagnosis.Check) {
			p.post(number, func() { p.presenter.Observe(check) })
		})
		p.post(number, func() { p.ended(result, err) })
	})
	p.refresh()
}

func (p *Page) ended(result diagnosis.Result, err error) {
	p.stop = nil
	if err == nil {
		p.presenter.Finish(result)
		return
	}
	p.presenter.Cancel()
	if !errors.Is(err, context.Canceled) {
		p.env.Failed(err)
	}
}

// post changes what is shown, unless the diagnosis was cancelled meanwhile.
func (p *Page) post(number int, change func()) {
	p.env.Post(func() {
		if p.stop != nil && number == p.number {
			change()
			p.refresh()
		}
	})
}

// end cancels what runs.
func (p *Page) end() {
	if p.stop == nil {
		return
	}
	p.stop()
	p.stop = nil
	p.presenter.Cancel()
	p.refresh()
}

// refresh shows how far it is.
func (p *Page) refresh() {
	running, result := p.presenter.Running(), p.presenter.Result()
	connection, _ := p.viewer.View().Find(p.id)
	setVisible(p.note, connection.Machine != nil)
	setVisible(p.cancel, running)
	setVisible(p.run, !running)
	setVisible(p.progress, running)
	setVisible(p.everything, result != nil)
	setEnabled(&p.copying.Button, !running && len(p.presenter.stages) > 0)
	setEnabled(&p.report.Button, !running)
	if running {
		p.choice.Disable()
	} else {
		p.choice.Enable()
	}
	if result != nil {
		p.run.SetText(p.env.Texts.Text("ui.diagnose.again", nil))
	}
	p.progress.SetValue(p.presenter.Progress())
	p.showSummary()
	p.list.Objects = nil
	for _, stage := range p.presenter.Stages(p.everything.Checked) {
		p.rows[stage.ID].show(stage, p.everything.Checked)
		p.list.Objects = append(p.list.Objects, p.rows[stage.ID].content)
	}
	p.body.Refresh()
}

func (p *Page) showSummary() {
	switch found, known := p.presenter.Summary(); {
	case known:
		p.summary.show(found)
	case p.presenter.Cancelled():
		p.summary.show(Check{Verdict: diagnosis.Skipped, Sentence: p.env.Texts.Text("ui.diagnose.cancelled", nil)})
	default:
		p.summary.content.Hide()
	}
}

func setVisible(object fyne.CanvasObject, visible bool) {
	if visible != object.Visible() {
		if visible {
			object.Show()
		} else {
			object.Hide()
		}
	}
}

func setEnabled(button *widget.Button, enabled bool) {
	if enabled == button.Disabled() {
		if enabled {
			button.Enable()
		} else {
			button.Disable()
		}
	}
}

func (p *Page) copyText() {
	p.env.Copy(p.presenter.Text(p.env.Now()))
	p.env.Notice(p.env.Texts.Text("ui.diagnose.copied", nil))
}
