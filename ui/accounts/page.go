// Package accounts is the page of who is signed in, and of the secrets that rest on this computer.
package accounts

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Page shows accounts and kept passwords.
type Page struct {
	env     page.Env
	viewer  Viewer
	source  Source
	body    *fyne.Container
	content *container.Scroll
	number  int // of the last reading
}

// New makes the page. Nothing is opened before it is shown.
func New(env page.Env, viewer Viewer, source Source) *Page {
	p := &Page{env: env, viewer: viewer, source: source, body: container.NewVBox()}
	p.body.Add(widget.NewLabel(env.Texts.Text("ui.accounts.reading", nil)))
	p.content = container.NewVScroll(container.NewPadded(p.body))
	return p
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() { p.read() }

// Hidden implements page.Page.
func (p *Page) Hidden() { p.number++ }

func (p *Page) read() {
	p.number++
	number, view := p.number, p.viewer.View()
	p.env.Go(func(ctx context.Context) {
		found := p.source.find(ctx, view)
		p.env.Post(func() {
			if number == p.number {
				p.show(found)
			}
		})
	})
}

// do does something beside and shows what is left.
func (p *Page) do(done string, what func(context.Context) error) {
	p.env.Go(func(ctx context.Context) {
		err := what(ctx)
		p.env.Post(func() {
			if err != nil {
				p.env.Failed(err)
			} else {
				p.env.Notice(done)
			}
			p.read()
		})
	})
}

func (p *Page) show(found Found) {
	texts := p.env.Texts
	p.body.Objects = []fyne.CanvasObject{heading(texts.Text("ui.accounts.title", nil))}
	if found.Err != nil {
		p.body.Add(p.trouble(found.Err))
	}
	if len(found.Accounts) == 0 {
		p.body.Add(wrapped(texts.Text("accounts.none", nil)))
	}
	for _, account := range found.Accounts {
		p.body.Add(p.account(account))
	}
	if len(found.Accounts) > 1 {
		p.body.Add(flow.New(p.button("ui.accounts.sign-out-all", theme.LogoutIcon(), func() {
			p.confirm(texts.Text("ui.accounts.sure-all", nil), texts.Text("ui.accounts.sign-out-all", nil), func() { p.signOut(nil) })
		})))
	}
	p.body.Add(heading(texts.Text("ui.accounts.passwords", nil)))
	if len(found.Passwords) == 0 {
		p.body.Add(wrapped(texts.Text("ui.accounts.no-passwords", nil)))
	}
	for _, password := range found.Passwords {
		p.body.Add(p.password(password))
	}
	p.body.Add(heading(texts.Text("ui.accounts.where", nil)))
	if found.Kind != "" {
		p.body.Add(wrapped(p.where(found.Kind)))
	}
	switch {
	case found.Kind == keyring.File:
		p.body.Add(warning(texts.Text("keyring.file", nil)))
	case found.Warning != "":
		p.body.Add(warning(found.Warning))
	}
	if found.Problem != nil {
		p.body.Add(p.trouble(found.Problem))
	}
	p.body.Refresh()
	p.content.Refresh()
}

func (p *Page) account(account Account) fyne.CanvasObject {
	texts := p.env.Texts
	name := widget.NewLabelWithStyle(account.Username, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	name.Truncation = fyne.TextTruncateEllipsis
	where := wrapped(texts.Text("ui.accounts.tenant", language.Values{"Tenant": account.Tenant, "Host": account.Host}))
	where.Importance = widget.LowImportance
	used := texts.Text("ui.accounts.unused", nil)
	if len(account.Connections) > 0 {
		used = texts.Text("ui.accounts.used", language.Values{"Connections": strings.Join(account.Connections, ", ")})
	}
	box := container.NewVBox(name, where, wrapped(used))
	if !account.Expires.IsZero() {
		box.Add(wrapped(texts.Text("ui.accounts.expires", language.Values{"Moment": texts.Moment(account.Expires)})))
	}
	box.Add(flow.New(p.button("ui.accounts.sign-out", theme.LogoutIcon(), func() {
		p.confirm(texts.Text("ui.accounts.sure", language.Values{"Account": account.Username}), texts.Text("ui.accounts.sign-out", nil), func() { p.signOut(&account.Account) })
	})))
	return look.NewCard(box)
}

func (p *Page) signOut(account *entra.Account) {
	done := p.env.Texts.Text("ui.accounts.signed-out-all", nil)
	if account != nil {
		done = p.env.Texts.Text("sign-out.done", language.Values{"Account": account.Username})
	}
	p.do(done, func(ctx context.Context) error { return p.source.signOut(ctx, account) })
}

func (p *Page) password(password Password) fyne.CanvasObject {
	texts := p.env.Texts
	text := wrapped(texts.Text("ui.accounts.password", language.Values{"Connection": password.Connection, "User": password.User}))
	return look.NewCard(container.NewVBox(text, flow.New(p.button("ui.accounts.forget", theme.DeleteIcon(), func() {
		p.do(texts.Text("ui.accounts.forgotten", nil), func(ctx context.Context) error { return p.source.forget(ctx, password) })
	}))))
}

// where says in what secrets rest.
func (p *Page) where(kind keyring.Kind) string {
	switch kind {
	case keyring.SecretService:
		return p.env.Texts.Text("ui.accounts.where.secret-service", nil)
	case keyring.Keychain:
		return p.env.Texts.Text("ui.accounts.where.keychain", nil)
	case keyring.DPAPI:
		return p.env.Texts.Text("ui.accounts.where.dpapi", nil)
	case keyring.File:
		return p.env.Texts.Text("ui.accounts.where.file", nil)
	default:
		return p.env.Texts.Text("ui.accounts.where.memory", nil)
	}
}

// confirm asks before something that the user would have to undo by signing in again.
func (p *Page) confirm(question, yes string, do func()) {
	var d *dialog.CustomDialog
	cancel := keyboard.NewButton(p.env.Texts.Text("ui.action.cancel", nil), func() { d.Hide() })
	sure := keyboard.NewButton(yes, func() { d.Hide(); do() })
	cancel.OnEscape, sure.OnEscape, sure.Importance = cancel.OnTapped, cancel.OnTapped, widget.HighImportance
	d = dialog.NewCustomWithoutButtons(yes, wrapped(question), p.env.Window)
	d.SetButtons([]fyne.CanvasObject{cancel, sure})
	d.Resize(fyne.NewSize(min(420, p.env.Window.Canvas().Size().Width), d.MinSize().Height+60))
	d.Show()
	p.env.Window.Canvas().Focus(sure)
}

func (p *Page) button(key string, icon fyne.Resource, do func()) *keyboard.Button {
	button := keyboard.NewButton(p.env.Texts.Text(key, nil), do)
	button.Icon = icon
	return button
}

func (p *Page) trouble(err error) fyne.CanvasObject {
	f := failure.Explain(p.env.Texts, err)
	return warning(strings.TrimSpace(f.Sentence + " " + f.Remedy))
}

func heading(text string) *widget.Label {
	label := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	label.SizeName = theme.SizeNameSubHeadingText
	return label
}

func wrapped(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

func warning(text string) fyne.CanvasObject {
	icon := look.NewIcon(theme.NewWarningThemedResource(theme.WarningIcon()), 20)
	return container.NewBorder(nil, nil, container.NewCenter(icon), nil, wrapped(text))
}
