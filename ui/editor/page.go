package editor

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
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
	save    *widget.Button
	state   *widget.Label
	wrong   map[string]*widget.Label // by the setting's key
	checked *certificateCheck
	entries map[string]*widget.Entry // by the setting's key
	sendAll *widget.Check
}

// New makes the page for the connection with an id. It calls done when the user is finished with it.
func New(env page.Env, controller *control.Controller, into *store.Store, id string, done func()) *Page {
	view := controller.View()
	before, _ := view.Find(id)
	p := &Page{env: env, store: into, before: before, draft: NewDraft(env.Texts, env.Now, view, before), done: done, wrong: map[string]*widget.Label{}, entries: map[string]*widget.Entry{}}
	p.build()
	p.update()
	return p
}

func (p *Page) text(key string, values language.Values) string {
	return p.env.Texts.Text("ui.editor."+key, values)
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() { p.checked.look() }

// Hidden implements page.Page.
func (p *Page) Hidden() {}

func (p *Page) build() {
	title := widget.NewLabelWithStyle(p.text("title", language.Values{"Name": p.before.Name}), fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.SizeName = theme.SizeNameSubHeadingText
	title.Truncation = fyne.TextTruncateEllipsis
	tabs := container.NewAppTabs(container.NewTabItem(p.text("general", nil), scrolled(p.general())))
	for _, section := range p.draft.Sections() {
		box := container.NewVBox()
		for _, field := range section.Fields {
			if field.Key == routesKey {
				box.Add(p.newSendAll())
			}
			box.Add(p.field(field))
		}
		if section.Name == "sign-in" {
			p.checked = newCertificateCheck(p.env, p.draft)
			box.Objects = append([]fyne.CanvasObject{p.checked.content}, box.Objects...)
		}
		tabs.Append(container.NewTabItem(p.text(section.Name, nil), scrolled(box)))
	}
	p.save = widget.NewButtonWithIcon(p.text("save", nil), theme.DocumentSaveIcon(), p.saveDraft)
	p.save.Importance = widget.HighImportance
	cancel := widget.NewButton(p.env.Texts.Text("ui.action.cancel", nil), p.cancel)
	p.state = widget.NewLabel("")
	p.state.Truncation = fyne.TextTruncateEllipsis
	bottom := container.NewBorder(nil, nil, nil, container.NewHBox(cancel, p.save), p.state)
	p.content = container.NewPadded(container.NewBorder(title, bottom, nil, nil, tabs))
}

func scrolled(content fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVScroll(container.NewPadded(content))
}

// field is one setting: what it is, where it is typed, and what is wrong with it.
func (p *Page) field(f Field) fyne.CanvasObject {
	label := widget.NewLabel(f.Help)
	label.Wrapping = fyne.TextWrapWord
	wrong := widget.NewLabel("")
	wrong.Wrapping, wrong.Importance = fyne.TextWrapWord, widget.DangerImportance
	wrong.Hide()
	p.wrong[f.Key] = wrong
	box := container.NewVBox(label, p.input(f), wrong)
	if !f.Locked {
		return box
	}
	note := widget.NewLabel(p.text("locked", nil))
	note.Importance = widget.LowImportance
	box.Add(container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Managed(), 16)), nil, note))
	return box
}

func (p *Page) input(f Field) fyne.CanvasObject {
	switch f.Kind {
	case Yes:
		check := widget.NewCheck(p.text("yes", nil), func(on bool) {
			value := ""
			if on {
				value = "true"
			}
			p.set(f.Key, value)
		})
		check.Checked = p.draft.Value(f.Key) == "true"
		enable(check, !f.Locked)
		return check
	case Choice:
		return p.choice(f)
	default:
		entry := widget.NewEntry()
		entry.SetText(p.draft.Value(f.Key))
		entry.SetPlaceHolder(f.Example)
		entry.OnChanged = func(value string) { p.set(f.Key, strings.TrimSpace(value)) }
		enable(entry, !f.Locked)
		p.entries[f.Key] = entry
		if f.Kind == Text {
			return entry
		}
		browse := widget.NewButtonWithIcon(p.text("browse", nil), theme.FolderOpenIcon(), func() { p.browse(f.Kind, entry) })
		enable(browse, !f.Locked)
		return container.NewBorder(nil, nil, nil, browse, entry)
	}
}

// choice is a setting with a few values, each in words.
func (p *Page) choice(f Field) fyne.CanvasObject {
	words, values := []string{}, map[string]string{}
	now := ""
	for _, value := range f.Choices {
		word := value
		if key := "ui.editor.choice." + f.Key + "." + value; value == "" {
			word = p.text("as-in-profile", nil)
		} else if p.env.Texts.Has(key) {
			word = p.env.Texts.Text(key, nil)
		}
		words, values[word] = append(words, word), value
		if value == p.draft.Value(f.Key) {
			now = word
		}
	}
	choice := widget.NewSelect(words, func(word string) { p.set(f.Key, values[word]) })
	choice.Selected = now
	enable(choice, !f.Locked)
	return choice
}

func enable(w fyne.Disableable, on bool) {
	if !on {
		w.Disable()
	}
}

func (p *Page) set(key, value string) {
	p.draft.Set(key, value)
	p.update()
	p.checked.look()
}

// browse lets the user choose a file or a folder of theirs.
func (p *Page) browse(kind Kind, into *widget.Entry) {
	if kind == Folder {
		d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
			if err == nil && folder != nil {
				into.SetText(folder.Path())
			}
		}, p.env.Window)
		d.Resize(p.env.Window.Canvas().Size())
		d.Show()
		return
	}
	d := dialog.NewFileOpen(func(reader fyne.URIReadCloser, err error) {
		if err == nil && reader != nil {
			reader.Close()
			into.SetText(reader.URI().Path())
		}
	}, p.env.Window)
	d.Resize(p.env.Window.Canvas().Size())
	d.Show()
}

// update shows what is wrong, and whether there is something to save.
func (p *Page) update() {
	p.sendAll.SetChecked(p.draft.SendsAll())
	for key, label := range p.wrong {
		text := p.draft.Wrong(key)
		if text == label.Text {
			continue
		}
		label.SetText(text)
		if text == "" {
			label.Hide()
		} else {
			label.Show()
		}
	}
	switch {
	case p.draft.ReadOnly() != "":
		p.state.SetText(p.draft.ReadOnly())
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
	if !p.draft.Changed() {
		p.done()
		return
	}
	var d *dialog.CustomDialog
	keep := keyboard.NewButton(p.text("go-on", nil), func() { d.Hide() })
	keep.OnEscape, keep.Importance = keep.OnTapped, widget.HighImportance
	discard := keyboard.NewButton(p.text("discard", nil), func() {
		d.Hide()
		p.done()
	})
	discard.OnEscape = keep.OnTapped
	d = dialog.NewCustomWithoutButtons(p.text("discard-title", nil), widget.NewLabel(p.text("discard-about", nil)), p.env.Window)
	d.SetButtons([]fyne.CanvasObject{discard, keep})
	d.Show()
	p.env.Window.Canvas().Focus(keep)
}

// general is what the connection is: its name, where it comes from, and what can be done with it as a whole.
func (p *Page) general() fyne.CanvasObject {
	box := container.NewVBox()
	name := widget.NewEntry()
	name.SetText(p.before.Name)
	name.OnChanged = func(text string) {
		p.draft.SetName(text)
		p.update()
	}
	wrong := widget.NewLabel("")
	wrong.Wrapping, wrong.Importance = fyne.TextWrapWord, widget.DangerImportance
	wrong.Hide()
	p.wrong[nameKey] = wrong
	enable(name, p.draft.ReadOnly() == "")
	box.Add(widget.NewLabel(p.text("name", nil)))
	box.Add(name)
	box.Add(wrong)
	box.Add(p.facts())
	if p.before.Entry != nil {
		box.Add(flow.New(
			widget.NewButtonWithIcon(p.text("export", nil), theme.DocumentIcon(), p.export),
			widget.NewButtonWithIcon(p.text("remove", nil), theme.DeleteIcon(), p.remove)))
	}
	return box
}
