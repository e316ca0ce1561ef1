package fromazure

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// picker shows the gateways and how their users can sign in.
type picker struct {
	env       page.Env
	presenter *Presenter
	content   *fyne.Container
	search    *keyboard.Entry
	refused   *fyne.Container
	none      *widget.Label
	list      *widget.List
	rows      []azure.Gateway
	below     *fyne.Container
	method    *widget.Select
	methods   *fyne.Container
	global    *widget.Check
	unusable  *widget.Label
	fetch     *keyboard.Button
	filling   bool // by the picker, not by the administrator
}

func newPicker(env page.Env, presenter *Presenter) *picker {
	k := &picker{env: env, presenter: presenter, refused: container.NewVBox(), none: wrapped("")}
	k.search = keyboard.NewEntry()
	k.search.SetPlaceHolder(env.Texts.Text("ui.azure.search", nil))
	k.search.ActionItem = widget.NewIcon(theme.SearchIcon())
	k.search.OnEscape = presenter.Back
	k.search.OnChanged = func(string) { k.refresh() }
	k.list = widget.NewList(func() int { return len(k.rows) }, newRow, k.fillRow)
	k.list.OnSelected = func(i widget.ListItemID) {
		if !k.filling && i < len(k.rows) {
			presenter.Choose(k.rows[i].ID)
		}
	}
	k.method = widget.NewSelect(nil, func(string) {
		if offered := presenter.Offered(); !k.filling && k.method.SelectedIndex() >= 0 && k.method.SelectedIndex() < len(offered) {
			presenter.SetAuthentication(offered[k.method.SelectedIndex()])
		}
	})
	k.methods = container.NewVBox(wrapped(env.Texts.Text("ui.azure.authentication", nil)), k.method)
	k.global = widget.NewCheck(env.Texts.Text("ui.azure.global", nil), func(on bool) {
		if !k.filling {
			presenter.SetGlobal(on)
		}
	})
	k.unusable = wrapped("")
	k.unusable.Importance = widget.WarningImportance
	k.fetch = keyboard.NewButton(env.Texts.Text("ui.connections.import", nil), presenter.Fetch)
	k.fetch.Icon, k.fetch.Importance, k.fetch.OnEscape = theme.DownloadIcon(), widget.HighImportance, presenter.Back
	back := keyboard.NewButton(env.Texts.Text("ui.azure.again", nil), presenter.Back)
	back.Icon, back.OnEscape = theme.NavigateBackIcon(), presenter.Back
	k.below = container.NewVBox(widget.NewSeparator(), k.methods, k.global, k.unusable, flow.New(k.fetch, back))
	k.content = container.NewBorder(container.NewVBox(k.refused, k.search), k.below, nil, nil, container.NewStack(k.list, container.NewVBox(k.none)))
	return k
}

// refresh shows what was found and chosen.
func (k *picker) refresh() {
	k.filling = true
	defer func() { k.filling = false }()
	texts := k.env.Texts
	k.refused.Objects = nil
	for _, refused := range k.presenter.Refused() {
		t := trouble(texts, refused.Err)
		text := texts.Text("ui.azure.refused", language.Values{"Subscription": refused.Subscription, "Reason": t.Sentence})
		k.refused.Add(container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Waiting(), 18)), nil, wrapped(text)))
	}
	k.rows = k.presenter.Find(k.search.Text)
	none := texts.Text("ui.azure.none-found", nil)
	if len(k.presenter.Find("")) == 0 {
		none = texts.Text("azure.gateways.none", nil)
	}
	k.none.SetText(none)
	visible(k.none, len(k.rows) == 0)
	k.list.UnselectAll()
	k.list.Refresh()
	chosen, ok := k.presenter.Chosen()
	if at := slices.IndexFunc(k.rows, func(g azure.Gateway) bool { return ok && g.ID == chosen.ID }); at >= 0 {
		k.list.Select(at)
	}
	k.fill(ok)
}

// fill shows what there is to choose about a gateway.
func (k *picker) fill(chosen bool) {
	texts, unusable := k.env.Texts, k.presenter.Unusable()
	usable := chosen && unusable == nil
	offered := k.presenter.Offered()
	k.method.Options = nil
	for _, a := range offered {
		k.method.Options = append(k.method.Options, method(texts, a))
	}
	k.method.ClearSelected()
	if at := slices.Index(offered, k.presenter.Authentication()); at >= 0 {
		k.method.SetSelectedIndex(at)
	}
	k.method.Refresh()
	visible(k.methods, usable && len(offered) > 1)
	k.global.SetChecked(k.presenter.Global())
	visible(k.global, usable && k.presenter.MayBeGlobal())
	if unusable != nil {
		t := trouble(texts, unusable)
		k.unusable.SetText(t.Sentence + " " + t.Remedy)
	}
	visible(k.unusable, unusable != nil)
	if usable {
		k.fetch.Enable()
	} else {
		k.fetch.Disable()
	}
	k.below.Refresh()
}

// newRow makes one gateway's two lines.
func newRow() fyne.CanvasObject {
	name, where := widget.NewLabel(""), widget.NewLabel("")
	name.TextStyle.Bold = true
	where.SizeName = theme.SizeNameCaptionText
	name.Truncation, where.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	return look.NewLines(name, where)
}

func (k *picker) fillRow(i widget.ListItemID, object fyne.CanvasObject) {
	if i >= len(k.rows) {
		return
	}
	lines := object.(*fyne.Container).Objects
	lines[0].(*widget.Label).SetText(k.rows[i].Name)
	lines[1].(*widget.Label).SetText(about(k.env.Texts, k.rows[i]))
}
