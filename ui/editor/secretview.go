package editor

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// secretView has the gateway's secret: hidden until the user wants to see it, and again when they look elsewhere.
type secretView struct {
	page    *Page
	content *fyne.Container
	shown   *widget.Label
	none    *widget.Label
	reveal  *keyboard.Button
	replace *keyboard.Button
	entry   *keyboard.Entry // for another one
	another *fyne.Container // the entry and what belongs to it
	note    *widget.Label
	open    bool // the secret is seen
}

// hiddenSecret stands for a secret, however long that is.
const hiddenSecret = "••••••••••••••••"

func newSecretView(p *Page) *secretView {
	v := &secretView{page: p, shown: widget.NewLabel(hiddenSecret), none: widget.NewLabel(p.text("secret-none", nil)), note: widget.NewLabel(p.text("secret-new", nil))}
	v.shown.Wrapping = fyne.TextWrapBreak
	v.none.Wrapping, v.none.Importance = fyne.TextWrapWord, widget.WarningImportance
	v.note.Wrapping = fyne.TextWrapWord
	v.reveal = keyboard.NewButton(p.text("secret-show", nil), v.toggle)
	v.reveal.Icon = theme.VisibilityIcon()
	v.replace = keyboard.NewButton(p.text("secret-replace", nil), v.startReplacing)
	v.replace.Icon = theme.ContentPasteIcon()

	v.entry = keyboard.NewPasswordEntry()
	v.entry.SetPlaceHolder(p.text("secret-paste", nil))
	v.entry.OnChanged = func(text string) {
		p.draft.SetSecret(text)
		p.update()
	}
	v.entry.OnEscape = v.stopReplacing
	file := keyboard.NewButton(p.text("secret-file", nil), func() { p.openFile(MostSecret, v.readFile) })
	file.Icon, file.OnEscape = theme.FolderOpenIcon(), v.stopReplacing
	v.another = rows(container.NewBorder(nil, nil, nil, file, v.entry), p.newWrong(secretKey), v.note)
	v.another.Hide()
	v.content = p.titled(p.text("secret", nil), p.text("secret-about", nil), rows(v.shown, v.none, flow.New(v.reveal, v.replace), v.another))
	visible(v.content, p.draft.HasSecret())
	return v
}

// update shows what there is of the secret.
func (v *secretView) update() {
	has := v.page.draft.Secret() != ""
	visible(v.shown, has)
	visible(v.reveal, has)
	visible(v.none, v.page.draft.HasSecret() && !has)
	visible(v.note, v.page.draft.NewSecret())
}

func (v *secretView) toggle() {
	if v.open {
		v.hide()
		return
	}
	v.open = true
	v.shown.TextStyle.Monospace, v.shown.Selectable = true, true
	v.shown.SetText(v.page.draft.Secret().Reveal())
	v.reveal.Icon = theme.VisibilityOffIcon()
	v.reveal.SetText(v.page.text("secret-hide", nil))
}

// hide covers the secret again.
func (v *secretView) hide() {
	if !v.open {
		return
	}
	v.open = false
	v.shown.TextStyle.Monospace, v.shown.Selectable = false, false
	v.shown.SetText(hiddenSecret)
	v.reveal.Icon = theme.VisibilityIcon()
	v.reveal.SetText(v.page.text("secret-show", nil))
}

func (v *secretView) startReplacing() {
	v.another.Show()
	v.page.env.Window.Canvas().Focus(v.entry)
}

// readFile takes the secret from a file. What was typed before is gone.
func (v *secretView) readFile(content []byte) {
	v.entry.SetText("")
	v.page.draft.SetSecret(string(content))
	v.page.update()
}

// stopReplacing leaves the profile's secret as it is.
func (v *secretView) stopReplacing() {
	v.entry.SetText("")
	v.another.Hide()
	v.page.env.Window.Canvas().Focus(v.replace)
}
