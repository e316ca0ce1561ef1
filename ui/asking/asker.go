// Package asking asks the user in the window for what a sign-in needs.
package asking

import (
	"context"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// Asker implements signin.Asker with dialogs in a window.
type Asker struct {
	env page.Env
	// raise shows the window: a question is of no use where nobody sees it.
	raise func()
	// cancel ends what a profile's sign-in is for.
	cancel func(profile string)

	turn sync.Mutex // held while a question that is typed is open: one at a time
}

// New makes an asker. Cancel is called with a profile's name when its user does not want to sign in any more.
func New(env page.Env, raise func(), cancel func(profile string)) *Asker {
	return &Asker{env: env, raise: raise, cancel: cancel}
}

func (a *Asker) text(key string, values language.Values) string {
	return a.env.Texts.Text("ui.asking."+key, values)
}

// question is a dialog with fields and two buttons.
type question struct {
	title  string
	about  string           // what is asked, and for what
	wrong  *present.Trouble // why it is asked again; may be nil
	fields []field
	check  *widget.Check // may be nil
	take   func()        // keeps what was typed: widgets may be read only where they are written
}

// field is one thing that is typed.
type field struct {
	label string
	entry *keyboard.Entry
	empty bool // may stay empty
}

// ask shows a question until it is answered, cancelled or ctx ends.
func (a *Asker) ask(ctx context.Context, make func() question) error {
	a.turn.Lock()
	defer a.turn.Unlock()
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	answered := newOnce()
	var hide func()
	a.env.Post(func() { hide = a.show(make(), answered.put) })
	select {
	case err := <-answered.got:
		return err
	case <-ctx.Done():
		a.env.Post(func() { hide() })
		return context.Cause(ctx)
	}
}

// once keeps the first answer.
type once struct {
	got  chan error
	done sync.Once
}

func newOnce() *once { return &once{got: make(chan error, 1)} }

func (o *once) put(err error) { o.done.Do(func() { o.got <- err }) }

// show opens the dialog and returns what closes it.
func (a *Asker) show(q question, answer func(error)) (hide func()) {
	a.raise()
	var d *dialog.CustomDialog
	confirm := keyboard.NewButton(a.text("ok", nil), nil)
	confirm.Importance = widget.HighImportance
	cancel := keyboard.NewButton(a.env.Texts.Text("ui.action.cancel", nil), nil)
	ready := func() bool {
		for _, f := range q.fields {
			if f.entry.Text == "" && !f.empty {
				return false
			}
		}
		return true
	}
	finish := func(err error) {
		if err == nil {
			q.take()
		}
		d.Hide()
		answer(err)
	}
	submit := func() {
		if ready() {
			finish(nil)
		}
	}
	confirm.OnTapped = submit
	giveUp := func() { finish(signin.ErrCancelled) }
	cancel.OnTapped, cancel.OnEscape, confirm.OnEscape = giveUp, giveUp, giveUp
	update := func(string) {
		if ready() {
			confirm.Enable()
		} else {
			confirm.Disable()
		}
	}
	body := container.NewVBox(a.lines(q)...)
	for i, f := range q.fields {
		label := widget.NewLabel(f.label)
		label.Wrapping = fyne.TextWrapWord
		body.Add(label)
		body.Add(f.entry)
		f.entry.OnChanged, f.entry.OnEscape = update, giveUp
		f.entry.OnSubmitted = func(string) {
			if i+1 < len(q.fields) && q.fields[i+1].entry.Text == "" {
				a.env.Window.Canvas().Focus(q.fields[i+1].entry)
				return
			}
			submit()
		}
	}
	if q.check != nil {
		body.Add(q.check)
	}
	update("")
	d = dialog.NewCustomWithoutButtons(q.title, body, a.env.Window)
	d.SetButtons([]fyne.CanvasObject{cancel, confirm})
	showFitting(d, min(420, a.env.Window.Canvas().Size().Width))
	a.env.Window.Canvas().Focus(firstEmpty(q.fields))
	return d.Hide
}

// showFitting shows a dialog of a width, as high as it has to be: texts that wrap know their height only once they have a width.
func showFitting(d *dialog.CustomDialog, width float32) {
	d.Resize(fyne.NewSize(width, d.MinSize().Height))
	d.Show()
	d.Resize(fyne.NewSize(width, d.MinSize().Height))
}

// lines are what is said above the fields.
func (a *Asker) lines(q question) []fyne.CanvasObject {
	var lines []fyne.CanvasObject
	add := func(text string, importance widget.Importance) {
		if text == "" {
			return
		}
		label := widget.NewLabel(text)
		label.Wrapping = fyne.TextWrapWord
		label.Importance = importance
		lines = append(lines, label)
	}
	if q.wrong != nil {
		add(q.wrong.Sentence, widget.DangerImportance)
		add(q.wrong.Remedy, widget.MediumImportance)
	}
	add(q.about, widget.MediumImportance)
	return lines
}

// firstEmpty is where one goes on typing.
func firstEmpty(fields []field) fyne.Focusable {
	for _, f := range fields {
		if f.entry.Text == "" {
			return f.entry
		}
	}
	return fields[len(fields)-1].entry
}
