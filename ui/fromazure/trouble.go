package fromazure

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// troubleCard says what went wrong: one sentence, one remedy, and the detail, with Azure's ids, for those who ask.
type troubleCard struct {
	content                  *fyne.Container
	sentence, remedy, detail *widget.Label
	more                     *keyboard.Button
}

func newTroubleCard(env page.Env) *troubleCard {
	c := &troubleCard{sentence: wrapped(""), remedy: wrapped(""), detail: wrapped("")}
	c.sentence.TextStyle.Bold, c.sentence.Importance = true, widget.DangerImportance
	for _, label := range []*widget.Label{c.sentence, c.remedy, c.detail} {
		label.Selectable = true
	}
	c.more = keyboard.NewButton(env.Texts.Text("ui.trouble.detail", nil), func() {
		visible(c.detail, !c.detail.Visible())
		c.content.Refresh()
	})
	copying := keyboard.NewButton(env.Texts.Text("ui.trouble.copy", nil), func() {
		env.Copy(strings.TrimSpace(c.sentence.Text + "\n" + c.remedy.Text + "\n" + c.detail.Text))
		env.Notice(env.Texts.Text("ui.copied", nil))
	})
	copying.Icon = theme.ContentCopyIcon()
	c.content = look.NewCard(container.NewBorder(nil, nil, container.NewVBox(look.NewIcon(look.Failed(), 22)), nil,
		container.NewVBox(c.sentence, c.remedy, c.detail, flow.New(c.more, copying))))
	c.content.Hide()
	return c
}

func (c *troubleCard) show(t *present.Trouble) {
	if t == nil {
		c.content.Hide()
		return
	}
	c.sentence.SetText(t.Sentence)
	c.remedy.SetText(t.Remedy)
	visible(c.remedy, t.Remedy != "")
	c.detail.SetText(t.Detail)
	c.detail.Hide()
	visible(c.more, t.Detail != "")
	c.content.Show()
}
