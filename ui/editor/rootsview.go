package editor

import (
	"context"
	"crypto/x509"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// rootsView lists the roots that the gateway's certificate may come from, each with a button that removes it, and one that adds some.
type rootsView struct {
	page    *Page
	content *fyne.Container
	card    *fyne.Container // around the list
	list    *fyne.Container
	system  *widget.Label // says that the computer's roots hold
	says    *widget.Label // why a file was not taken
	add     *keyboard.Button
}

func newRootsView(p *Page) *rootsView {
	v := &rootsView{page: p, list: container.New(layout.NewCustomPaddedVBoxLayout(0)), system: widget.NewLabel(p.text("roots-system", nil)), says: widget.NewLabel("")}
	v.system.Wrapping = fyne.TextWrapWord
	v.says.Wrapping, v.says.Importance = fyne.TextWrapWord, widget.WarningImportance
	v.says.Hide()
	v.add = keyboard.NewButton(p.text("root-add", nil), func() { p.openFile(MostRoots, v.addFile) })
	v.add.Icon = theme.ContentAddIcon()
	v.card = look.NewCard(v.list)
	below := rows(v.card, v.system, p.newWrong(rootsKey), v.says)
	if p.draft.ProfileLocked() {
		below.Add(p.lockedNote())
	} else {
		below.Add(flow.New(v.add))
	}
	v.content = p.titled(p.text("roots", nil), p.text("roots-about", nil), below)
	visible(v.content, p.draft.HasRoots())
	v.fill()
	return v
}

// fill shows the roots as they are now.
func (v *rootsView) fill() {
	p := v.page
	v.list.Objects = nil
	roots := p.draft.Roots()
	for i, root := range roots {
		name := widget.NewLabel(p.draft.Describe(root))
		name.Wrapping = fyne.TextWrapWord
		row := container.NewBorder(nil, nil, nil, nil, name)
		if !p.draft.ProfileLocked() {
			remove := keyboard.NewButton(p.text("remove", nil), func() { v.remove(root.Thumbprint) })
			remove.Icon, remove.Importance = theme.ContentRemoveIcon(), widget.LowImportance
			row = container.NewBorder(nil, nil, nil, container.NewCenter(remove), name)
		}
		if i > 0 {
			v.list.Add(widget.NewSeparator())
		}
		v.list.Add(row)
	}
	visible(v.card, len(roots) > 0)
	visible(v.system, p.draft.SystemRoots())
	v.list.Refresh()
}

func (v *rootsView) remove(thumbprint string) {
	v.page.draft.RemoveRoot(thumbprint)
	v.changed("")
}

func (v *rootsView) addFile(content []byte) { v.changed(v.page.draft.AddRoots(content)) }

func (v *rootsView) changed(says string) {
	v.fill()
	show(v.says, says)
	v.page.update()
}

// nameUnknown looks for the roots that the profile names only by their thumbprints among those of this computer.
func (v *rootsView) nameUnknown() {
	p := v.page
	if !slices.ContainsFunc(p.draft.Roots(), func(r Root) bool { return r.Certificate == nil }) {
		return
	}
	p.env.Go(func(context.Context) {
		roots, err := p.systemRoots()
		if err != nil { // not every system lists them; they stay without a name
			p.env.Logger.Debug("list this computer's roots", "error", err)
			return
		}
		p.env.Post(func() { v.know(roots) })
	})
}

func (v *rootsView) know(roots []*x509.Certificate) {
	v.page.draft.Know(roots)
	v.fill()
}
