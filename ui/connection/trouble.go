package connection

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// troubleCard says what went wrong: one sentence, one remedy, and the detail for those who ask.
type troubleCard struct {
	env      page.Env
	content  *fyne.Container
	sentence *widget.Label
	remedy   *widget.Label
	detail   *widget.Label
	more     *widget.Button
	now      present.Trouble
}

func newTroubleCard(env page.Env, dismiss, diagnose func()) *troubleCard {
	c := &troubleCard{env: env}
	c.sentence = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	c.sentence.Importance = widget.DangerImportance
	c.remedy, c.detail = widget.NewLabel(""), widget.NewLabel("")
	c.detail.TextStyle.Monospace = true
	for _, label := range []*widget.Label{c.sentence, c.remedy, c.detail} {
		label.Wrapping = fyne.TextWrapWord
		label.Selectable = true
	}
	c.more = widget.NewButton(env.Texts.Text("ui.trouble.detail", nil), c.toggle)
	buttons := container.NewHBox(c.more,
		widget.NewButtonWithIcon(env.Texts.Text("ui.trouble.copy", nil), theme.ContentCopyIcon(), c.copy),
		widget.NewButton(env.Texts.Text("ui.connection.diagnose", nil), diagnose),
		widget.NewButton(env.Texts.Text("ui.trouble.dismiss", nil), dismiss))
	body := container.NewBorder(nil, nil, container.NewVBox(look.NewIcon(look.Failed(), 22)), nil, container.NewVBox(c.sentence, c.remedy, c.detail, container.NewHScroll(buttons)))
	c.content = look.NewCard(body)
	c.content.Hide()
	return c
}

func (c *troubleCard) show(t *present.Trouble) {
	if t == nil {
		c.content.Hide()
		c.now = present.Trouble{}
		return
	}
	if *t != c.now {
		c.now = *t
		c.sentence.SetText(t.Sentence)
		setText(c.remedy, t.Remedy)
		c.detail.SetText(t.Detail)
		c.detail.Hide()
		if t.Detail == "" {
			c.more.Hide()
		} else {
			c.more.Show()
		}
	}
	c.content.Show()
}

func (c *troubleCard) toggle() {
	if c.detail.Visible() {
		c.detail.Hide()
	} else {
		c.detail.Show()
	}
}

func (c *troubleCard) copy() {
	text := c.now.Sentence
	for _, more := range []string{c.now.Remedy, c.now.Detail} {
		if more != "" {
			text += "\n" + more
		}
	}
	c.env.Copy(text)
	c.env.Notice(c.env.Texts.Text("ui.copied", nil))
}

// setText shows a label only where it has something to say.
func setText(label *widget.Label, text string) {
	label.SetText(text)
	if text == "" {
		label.Hide()
	} else {
		label.Show()
	}
}

// newWarning is one thing the user should know.
func newWarning(text string) fyne.CanvasObject {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Waiting(), 18)), nil, label)
}

// warningText is what a warning says.
func warningText(warning fyne.CanvasObject) string {
	for _, object := range warning.(*fyne.Container).Objects {
		if label, ok := object.(*widget.Label); ok {
			return label.Text
		}
	}
	return ""
}
