package fromazure

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/ui/asking"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// longer is from when on it is told how long something takes.
const longer = 5 * time.Second

// Options are what the page works with. All are required.
type Options struct {
	Open    Opener
	Raise   func()              // shows the window, for a sign-in that asks something
	Fetched func(azure.Package) // imports what was generated
	Close   func()              // leaves the page
}

// Page leads from the sign-in to the profile.
type Page struct {
	env       page.Env
	options   Options
	presenter *Presenter

	signIn  *signInForm
	busy    *busy
	picker  *picker
	trouble *troubleCard
	content *fyne.Container
	stop    func() // of the clock, while something is done
}

// New makes the page. Nothing is asked before the administrator says so.
func New(env page.Env, o Options) *Page {
	p := &Page{env: env, options: o, presenter: &Presenter{open: o.Open, post: env.Post, run: env.Go, now: env.Now, fetched: o.Fetched}}
	p.presenter.asker = asking.New(env, o.Raise, func(string) { p.presenter.Cancel() })
	p.presenter.changed = p.refresh
	p.signIn = newSignInForm(env, p.presenter.Look, o.Close)
	p.busy = newBusy(env, p.presenter.Cancel)
	p.picker = newPicker(env, p.presenter)
	p.trouble = newTroubleCard(env)
	title := widget.NewLabelWithStyle(env.Texts.Text("ui.azure.title", nil), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameSubHeadingText
	title.Wrapping = fyne.TextWrapWord
	steps := container.NewStack(p.signIn.content, p.busy.content, p.picker.content)
	p.content = container.NewPadded(container.NewBorder(container.NewVBox(title, p.trouble.content), nil, nil, nil, steps))
	p.refresh()
	return p
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() { p.refresh() }

// Hidden implements page.Page. Who leaves does not wait for Azure any more.
func (p *Page) Hidden() { p.presenter.Cancel() }

func (p *Page) refresh() {
	step := p.presenter.Step()
	working := step == Looking || step == Generating
	visible(p.signIn.content, step == Choosing)
	visible(p.busy.content, working)
	visible(p.picker.content, step == Picking)
	if err := p.presenter.Err(); err != nil {
		p.trouble.show(trouble(p.env.Texts, err))
	} else {
		p.trouble.show(nil)
	}
	p.clock(working)
	switch step {
	case Picking:
		p.picker.refresh()
	case Looking, Generating:
		p.busy.say(p.presenter.doing(p.env.Texts))
	}
	p.content.Refresh()
}

// clock tells how long something takes, while it does.
func (p *Page) clock(run bool) {
	switch {
	case run && p.stop == nil:
		p.busy.bar.Start()
		p.stop = page.Every(p.env, time.Second, func() { p.busy.say(p.presenter.doing(p.env.Texts)) })
	case !run && p.stop != nil:
		p.stop()
		p.stop = nil
		p.busy.bar.Stop()
	}
}

// busy says what is being done, and lets the administrator give up.
type busy struct {
	content *fyne.Container
	label   *widget.Label
	bar     *widget.ProgressBarInfinite
}

func newBusy(env page.Env, cancel func()) *busy {
	b := &busy{label: widget.NewLabel(""), bar: widget.NewProgressBarInfinite()}
	b.bar.Stop() // it moves only while it is seen
	b.label.Wrapping, b.label.Alignment = fyne.TextWrapWord, fyne.TextAlignCenter
	stop := keyboard.NewButton(env.Texts.Text("ui.action.cancel", nil), cancel)
	stop.OnEscape = cancel
	b.content = container.NewVBox(layout.NewSpacer(), container.NewCenter(look.NewIcon(look.AppIcon(), 48)), b.label, b.bar, container.NewCenter(stop), layout.NewSpacer())
	return b
}

func (b *busy) say(text string) { b.label.SetText(text) }

func visible(object fyne.CanvasObject, show bool) {
	if show {
		object.Show()
	} else {
		object.Hide()
	}
}

func wrapped(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}
