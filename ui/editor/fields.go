package editor

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// fieldGap is between fields, in the theme's units.
const fieldGap = 10

// section is all that a tab has on it: settings, and what of the profile belongs to them.
func (p *Page) section(s Section) fyne.CanvasObject {
	box := container.New(layout.NewCustomPaddedVBoxLayout(fieldGap))
	switch s.Name {
	case "gateway":
		box.Add(p.newServers())
	case "sign-in":
		p.method = newMethodView(p)
		p.checked = newCertificateCheck(p)
		box.Objects = append(box.Objects, p.method.content, p.checked.content)
	}
	for _, field := range s.Fields {
		if field.Key == routesKey {
			box.Add(p.newSendAll())
		}
		if field.Key == lastOfGateway {
			p.roots, p.secret = newRootsView(p), newSecretView(p)
			box.Objects = append(box.Objects, p.roots.content, p.secret.content)
		}
		box.Add(p.field(field))
	}
	return box
}

// lastOfGateway is the setting of the gateway that comes after its roots and its secret: few need it.
const lastOfGateway = "azure-gateway"

// field is one setting: what it is, where it is typed, and what is wrong with it.
func (p *Page) field(f Field) fyne.CanvasObject {
	box := p.titled(p.text("field."+f.Key, nil), f.Help, p.input(f), p.newWrong(f.Key))
	if f.Locked {
		box.Add(p.lockedNote())
	}
	p.fields[f.Key] = box
	return box
}

// titled is what is called something, with what that means, and what is below.
func (p *Page) titled(title, about string, below ...fyne.CanvasObject) *fyne.Container {
	text := widget.NewRichText(&widget.TextSegment{Text: title, Style: widget.RichTextStyle{TextStyle: fyne.TextStyle{Bold: true}}})
	if about != "" {
		text.Segments = append(text.Segments, &widget.TextSegment{Text: about, Style: widget.RichTextStyle{ColorName: look.ColorNameQuiet}})
	}
	text.Wrapping = fyne.TextWrapWord
	return container.New(layout.NewCustomPaddedVBoxLayout(0), append([]fyne.CanvasObject{text}, below...)...)
}

// newWrong is where it is said what is wrong with a value.
func (p *Page) newWrong(key string) *widget.Label {
	wrong := widget.NewLabel("")
	wrong.Wrapping, wrong.Importance = fyne.TextWrapWord, widget.DangerImportance
	wrong.Hide()
	p.wrong[key] = wrong
	return wrong
}

func (p *Page) lockedNote() fyne.CanvasObject {
	icon := container.NewPadded(look.NewIcon(look.Managed(), 16))
	return container.NewBorder(nil, nil, container.NewCenter(icon), nil, quiet(p.text("locked", nil)))
}

// quiet is a text that is less important, and still legible.
func quiet(text string) *widget.RichText {
	label := widget.NewRichText(&widget.TextSegment{Text: text, Style: widget.RichTextStyle{ColorName: look.ColorNameQuiet}})
	label.Wrapping = fyne.TextWrapWord
	return label
}

// rows puts things below each other that belong together, with the space between them that there is between widgets.
func rows(objects ...fyne.CanvasObject) *fyne.Container { return container.NewVBox(objects...) }

func (p *Page) input(f Field) fyne.CanvasObject {
	switch f.Kind {
	case Yes:
		check := keyboard.NewCheck(p.text("yes", nil), func(on bool) {
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
		entry := p.newEntry(p.draft.Value(f.Key), shortened(f.Example), !f.Locked, func(value string) { p.set(f.Key, value) })
		p.entries[f.Key] = entry
		if f.Kind == Text {
			return entry
		}
		browse := keyboard.NewButton(p.text("browse", nil), func() { p.browse(f.Kind, &entry.Entry) })
		browse.Icon = theme.FolderOpenIcon()
		enable(browse, !f.Locked)
		return container.NewBorder(nil, nil, nil, browse, entry)
	}
}

// newEntry is where one line is typed. Space around it does not count.
func (p *Page) newEntry(text, example string, enabled bool, changed func(string)) *keyboard.Entry {
	entry := keyboard.NewEntry()
	entry.SetText(text)
	entry.SetPlaceHolder(example)
	entry.OnChanged = func(value string) { changed(strings.TrimSpace(value)) }
	enable(entry, enabled)
	return entry
}

// choice is a setting with a few values, each in words.
func (p *Page) choice(f Field) fyne.CanvasObject {
	words, values := []string{}, map[string]string{}
	now := ""
	for _, value := range f.Choices {
		word := value
		if key := "ui.editor.choice." + f.Key + "." + value; value == "" && f.Key == "sign-in" { // profiles do not say
			word = p.env.Texts.Text("ui.preferences.browser", nil)
		} else if value == "" {
			word = p.text("as-in-profile", nil)
		} else if p.env.Texts.Has(key) {
			word = p.env.Texts.Text(key, nil)
		}
		words, values[word] = append(words, word), value
		if value == p.draft.Value(f.Key) {
			now = word
		}
	}
	choice := keyboard.NewSelect(words, func(word string) { p.set(f.Key, values[word]) })
	choice.Selected = now
	enable(choice, !f.Locked)
	return choice
}

func enable(w fyne.Disableable, on bool) {
	if on {
		w.Enable()
	} else {
		w.Disable()
	}
}

func visible(o fyne.CanvasObject, is bool) {
	switch {
	case is == o.Visible():
	case is:
		o.Show()
	default:
		o.Hide()
	}
}

// show has a label say something; nothing hides it.
func show(label *widget.Label, text string) {
	if text != label.Text {
		label.SetText(text)
	}
	visible(label, text != "")
}

func (p *Page) set(key, value string) {
	p.draft.Set(key, value)
	p.update()
	p.checked.look()
}
