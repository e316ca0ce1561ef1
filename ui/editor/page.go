package editor

import (
	"context"
	"crypto/x509"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Page edits one connection.
type Page struct {
	env     page.Env
	store   *store.Store
	before  client.Connection
	draft   *Draft
	done    func()
	content fyne.CanvasObject
	tabs    *tabs
	save    *keyboard.Button
	state   *widget.Label
	wrong   map[string]*widget.Label     // by the setting's key
	fields  map[string]fyne.CanvasObject // by the setting's key, with what is said about it
	entries map[string]*keyboard.Entry   // by the setting's key
	sendAll *keyboard.Check
	checked *certificateCheck
	method  *methodView
	roots   *rootsView
	secret  *secretView

	openFile    func(most int64, then func([]byte)) // lets the user choose a file, and reads it
	systemRoots func() ([]*x509.Certificate, error)
}

// New makes the page for the connection with an id. It calls done when the user is finished with it.
func New(env page.Env, controller Viewer, into *store.Store, id string, done func()) *Page {
	view := controller.View()
	before, _ := view.Find(id)
	p := &Page{env: env, store: into, before: before, draft: NewDraft(env.Texts, env.Now, view, before), done: done, wrong: map[string]*widget.Label{},
		fields: map[string]fyne.CanvasObject{}, entries: map[string]*keyboard.Entry{}, systemRoots: identity.SystemRoots}
	p.openFile = func(most int64, then func([]byte)) { openFile(env, most, then) }
	p.build()
	p.update()
	return p
}

// Viewer is what there is to show: control.Controller.
type Viewer interface{ View() client.View }

func (p *Page) text(key string, values language.Values) string {
	return p.env.Texts.Text("ui.editor."+key, values)
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() {
	p.checked.look()
	p.roots.nameUnknown()
}

// Hidden implements page.Page.
func (p *Page) Hidden() { p.secret.hide() }

func (p *Page) build() {
	title := widget.NewLabelWithStyle(p.text("title", language.Values{"Name": p.before.Name}), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameSubHeadingText
	title.Truncation = fyne.TextTruncateEllipsis
	p.tabs = newTabs()
	p.tabs.add(p.text("general", nil), p.general())
	for _, section := range p.draft.Sections() {
		p.tabs.add(p.text(section.Name, nil), p.section(section))
	}
	p.tabs.left = func() { p.secret.hide() }
	p.save = keyboard.NewButton(p.text("save", nil), p.saveDraft)
	p.save.Icon, p.save.Importance = theme.DocumentSaveIcon(), widget.HighImportance
	cancel := keyboard.NewButton(p.env.Texts.Text("ui.action.cancel", nil), p.cancel)
	p.state = widget.NewLabel("")
	p.state.Truncation = fyne.TextTruncateEllipsis
	bottom := container.NewBorder(nil, nil, nil, container.NewHBox(cancel, p.save), p.state)
	p.content = container.NewPadded(container.NewBorder(title, bottom, nil, nil, p.tabs.content))
}

// update shows what is wrong, and whether there is something to save.
func (p *Page) update() {
	p.sendAll.SetChecked(p.draft.SendsAll())
	for key, label := range p.wrong {
		show(label, p.draft.Wrong(key))
	}
	for key, entry := range p.entries { // one setting can take the place of another
		if value := p.draft.Value(key); strings.TrimSpace(entry.Text) != value {
			entry.SetText(value)
		}
	}
	for key, field := range p.fields {
		visible(field, p.draft.Relevant(key))
	}
	p.method.update()
	p.secret.update()
	switch {
	case p.draft.ReadOnly() != "":
		p.state.SetText(p.draft.ReadOnly())
	case p.draft.Wrong(profileKey) != "":
		p.state.SetText(p.draft.Wrong(profileKey))
	case !p.draft.Valid():
		p.state.SetText(p.text("invalid", nil))
	case p.draft.Changed() && p.before.Session != nil:
		p.state.SetText(p.text("next-time", nil))
	default:
		p.state.SetText("")
	}
	if p.draft.ReadOnly() == "" && p.draft.Valid() && p.draft.Changed() {
		p.save.Enable()
	} else {
		p.save.Disable()
	}
}

func (p *Page) saveDraft() {
	p.save.Disable()
	p.env.Go(func(context.Context) {
		err := p.draft.Save(p.store)
		p.env.Post(func() {
			if err != nil {
				p.update()
				p.env.Failed(err)
				return
			}
			p.env.Notice(p.text("saved", nil))
			p.done()
		})
	})
}

// cancel leaves the page; what was changed is not thrown away without asking.
func (p *Page) cancel() {
	if !p.Keep(p.done) {
		p.done()
	}
}

// Keep implements page.Keeper.
func (p *Page) Keep(leave func()) bool {
	if !p.draft.Changed() {
		return false
	}
	var d *dialog.CustomDialog
	keep := keyboard.NewButton(p.text("go-on", nil), func() { d.Hide() })
	keep.OnEscape, keep.Importance = keep.OnTapped, widget.HighImportance
	discard := keyboard.NewButton(p.text("discard", nil), func() {
		d.Hide()
		leave()
	})
	discard.OnEscape = keep.OnTapped
	d = dialog.NewCustomWithoutButtons(p.text("discard-title", nil), widget.NewLabel(p.text("discard-about", nil)), p.env.Window)
	d.SetButtons([]fyne.CanvasObject{discard, keep})
	d.Show()
	p.env.Window.Canvas().Focus(keep)
	return true
}
