// Package logs is the page of the service's log: live, searched as one types, and saved.
package logs

import (
	"context"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/saving"
)

// Page shows the log.
type Page struct {
	env       page.Env
	source    Source
	presenter *Presenter
	level     Level
	ask       func(env page.Env, suggested string, then func(path string)) // where to save

	content *fyne.Container
	search  *keyboard.Entry
	choice  *widget.Select
	pause   *keyboard.Button
	save    *keyboard.Button
	copying *keyboard.Button
	list    *widget.List
	rows    map[fyne.CanvasObject]*line
	status  *widget.Label
	detail  *fyne.Container // the record that was chosen, whole
	whole   *widget.Label
	trouble *widget.Label
	measure *widget.Label // one line, for its height

	stop context.CancelFunc // nil: it is not followed
}

// New makes the page. Nothing is read before it is shown.
func New(env page.Env, source Source) *Page {
	p := &Page{env: env, source: source, presenter: NewPresenter(env.Texts), level: Info, ask: saving.Ask, rows: map[fyne.CanvasObject]*line{}}
	p.build()
	p.refresh()
	return p
}

func (p *Page) build() {
	texts := p.env.Texts
	title := widget.NewLabelWithStyle(texts.Text("ui.logs.title", nil), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameSubHeadingText
	p.search = keyboard.NewEntry()
	p.search.SetPlaceHolder(texts.Text("ui.logs.search", nil))
	p.search.ActionItem = widget.NewIcon(theme.SearchIcon())
	p.search.OnChanged = p.searchFor
	p.search.OnEscape = func() { p.search.SetText("") }
	p.choice = widget.NewSelect(nil, nil)
	for _, level := range levels() {
		p.choice.Options = append(p.choice.Options, level.from(texts))
	}
	p.choice.SetSelectedIndex(slices.Index(levels(), p.level))
	var widest float32
	for _, option := range p.choice.Options {
		widest = max(widest, labelWidth(option, false))
	}
	choice := container.NewGridWrap(fyne.NewSize(widest+2*theme.IconInlineSize(), p.choice.MinSize().Height), p.choice)
	p.choice.OnChanged = func(string) { p.setLevel(levels()[p.choice.SelectedIndex()]) }
	p.pause = keyboard.NewButton("", func() { p.setPaused(!p.presenter.Paused()) })
	p.copying = keyboard.NewButton(texts.Text("ui.logs.copy", nil), p.copyText)
	p.copying.Icon = theme.ContentCopyIcon()
	p.save = keyboard.NewButton(texts.Text("ui.logs.save", nil), p.saveText)
	p.save.Icon = theme.DocumentSaveIcon()
	p.list = widget.NewList(func() int { return len(p.presenter.Rows()) }, p.newLine, p.fillLine)
	p.list.HideSeparators = true
	p.list.OnSelected = p.chosen
	p.status = widget.NewLabel("")
	p.status.Truncation = fyne.TextTruncateEllipsis
	p.status.Importance = widget.LowImportance
	p.trouble = widget.NewLabel("")
	p.trouble.Wrapping, p.trouble.Importance = fyne.TextWrapWord, widget.WarningImportance
	p.trouble.Hide()
	p.measure = widget.NewLabel("")
	p.buildDetail()

	tools := flow.New(choice, p.pause, p.copying, p.save)
	top := container.NewPadded(container.NewVBox(title, p.search, tools, p.trouble))
	bottom := container.NewVBox(p.detail, p.status)
	p.content = container.NewBorder(top, bottom, nil, nil, p.list)
}

func (p *Page) buildDetail() {
	p.whole = widget.NewLabel("")
	p.whole.Wrapping, p.whole.Selectable = fyne.TextWrapBreak, true
	p.whole.TextStyle.Monospace = true
	closing := keyboard.NewButton("", p.closeDetail)
	closing.Icon, closing.Importance = theme.CancelIcon(), widget.LowImportance
	closing.OnEscape = p.closeDetail
	scroll := container.NewVScroll(p.whole)
	scroll.SetMinSize(fyne.NewSize(0, 84))
	p.detail = container.NewBorder(widget.NewSeparator(), nil, nil, container.NewVBox(closing), scroll)
	p.detail.Hide()
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() {
	if p.stop == nil {
		p.follow()
	}
}

// Hidden implements page.Page: what is not seen is not followed.
func (p *Page) Hidden() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// Focus puts the keyboard where one types to search.
func (p *Page) Focus() { p.env.Window.Canvas().Focus(p.search) }

// follow reads the log from where it was left.
func (p *Page) follow() {
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	f := &follower{source: p.source, level: string(p.level), since: p.presenter.Newest(), post: p.env.Post, show: p.add, state: p.setTrouble}
	p.env.Go(func(program context.Context) {
		defer stop()
		defer context.AfterFunc(program, stop)()
		f.run(ctx)
	})
}

// add shows new records. The list goes along with them where its end was in sight, and stays on what is read where it was not.
func (p *Page) add(records []api.LogRecord) {
	atEnd, offset := p.atEnd(), p.list.GetScrollOffset()
	gone := p.presenter.Add(records)
	p.refresh()
	switch {
	case p.presenter.Paused():
	case atEnd:
		p.toEnd()
	case gone > 0:
		p.list.UnselectAll() // the list selects by place
		p.list.ScrollToOffset(max(0, offset-float32(gone)*p.rowHeight()))
	}
}

// atEnd reports whether the newest record is in sight.
func (p *Page) atEnd() bool {
	height := p.rowHeight()
	return p.list.GetScrollOffset()+p.list.Size().Height >= float32(len(p.presenter.Rows())-1)*height
}

// toEnd brings the newest record in sight.
func (p *Page) toEnd() {
	if !p.list.Size().IsZero() { // else it was never in a window
		p.list.ScrollToBottom()
	}
}

// rowHeight is a record's in the list, with what is between it and the next.
func (p *Page) rowHeight() float32 {
	return p.measure.MinSize().Height + p.list.Theme().Size(theme.SizeNamePadding)
}

func (p *Page) refresh() {
	texts := p.env.Texts
	label, icon := texts.Text("ui.logs.pause", nil), theme.MediaPauseIcon()
	if p.presenter.Paused() {
		label, icon = texts.Text("ui.logs.go-on", nil), theme.MediaPlayIcon()
	}
	if p.pause.Text != label {
		p.pause.Text, p.pause.Icon = label, icon
		p.pause.Refresh()
	}
	for _, button := range []*keyboard.Button{p.copying, p.save} {
		if some := len(p.presenter.Rows()) > 0; some == button.Disabled() {
			if some {
				button.Enable()
			} else {
				button.Disable()
			}
		}
	}
	p.status.SetText(p.presenter.Status())
	p.list.Refresh()
}

func (p *Page) searchFor(text string) {
	p.presenter.Search(text)
	p.closeDetail()
	p.refresh()
	p.toEnd()
}

// setLevel reads the log anew, with more or less in it.
func (p *Page) setLevel(level Level) {
	if level == p.level {
		return
	}
	p.level = level
	following := p.stop != nil
	p.Hidden()
	p.presenter.Clear()
	p.closeDetail()
	p.refresh()
	if following {
		p.follow()
	}
}

func (p *Page) setPaused(paused bool) {
	p.presenter.Pause(paused)
	p.refresh()
	if !paused {
		p.toEnd()
	}
}

// setTrouble says why the log cannot be read.
func (p *Page) setTrouble(err error) {
	if err == nil {
		p.trouble.Hide()
		p.content.Refresh()
		return
	}
	f := failure.Explain(p.env.Texts, err)
	text := f.Sentence
	if f.Remedy != "" {
		text += " " + f.Remedy
	}
	p.trouble.SetText(text)
	p.trouble.Show()
	p.content.Refresh()
}

func (p *Page) copyText() {
	p.env.Copy(p.presenter.Text())
	p.env.Notice(p.env.Texts.Count("ui.logs.copied", len(p.presenter.Rows()), nil))
}

func (p *Page) saveText() {
	text := p.presenter.Text() // as it is now: the dialog takes a while
	p.ask(p.env, "footbridge-"+p.env.Now().Format("20060102-150405")+".log", func(path string) {
		p.env.Go(func(context.Context) {
			err := saving.Write(path, []byte(text))
			p.env.Post(func() {
				if err != nil {
					p.env.Failed(err)
					return
				}
				p.env.Notice(p.env.Texts.Text("ui.logs.saved", language.Values{"Path": path}))
			})
		})
	})
}

// chosen shows a record whole.
func (p *Page) chosen(i widget.ListItemID) {
	rows := p.presenter.Rows()
	if i >= len(rows) {
		return
	}
	p.whole.SetText(p.env.Texts.Moment(rows[i].Time) + "  " + rows[i].Level.word(p.env.Texts) + "\n" + rows[i].Text)
	p.detail.Show()
	p.content.Refresh()
	p.list.ScrollTo(i)
}

func (p *Page) closeDetail() {
	if p.detail.Visible() {
		p.detail.Hide()
		p.content.Refresh()
	}
	p.list.UnselectAll()
}

// clock is when a record of today was logged; the day is in the detail.
func clock(moment time.Time) string { return moment.Local().Format("15:04:05") }
