// Package preferences is the page where a user says how the app is to be.
package preferences

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/preferences"
	"github.com/footbridge-vpn/footbridge/client/startup"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Options are what the page works with. File, Startup and Viewer are required.
type Options struct {
	File    File
	Startup startup.Entry
	Viewer  Viewer
	Version string
	Places  []string                      // where the user's files are
	Apply   func(preferences.Preferences) // makes a change hold at once, where it can; nil: after a new start
	// Fleet asks the service which manifest manages this computer; nil: nobody is asked.
	Fleet func(context.Context) (*api.Fleet, error)
}

// Page shows the preferences. Every change is kept at once.
type Page struct {
	env       page.Env
	options   Options
	presenter *Presenter

	content                            *container.Scroll
	language, theme, signIn, transport *widget.Select
	atLogin, tray, quit                *widget.Check
	kinds                              map[control.NoticeKind]*widget.Check
	proxy                              *keyboard.Entry
	proxyWrong                         *widget.Label
	locks                              *fyne.Container // says that an administrator decides something
	organisation                       *organisation
	filling                            bool // by the page, not by the user
	stop                               func()
}

// New makes the page. Nothing is read before it is shown.
func New(env page.Env, o Options) *Page {
	p := &Page{env: env, options: o, kinds: map[control.NoticeKind]*widget.Check{}}
	p.presenter = &Presenter{file: o.File, startup: o.Startup, post: env.Post, run: env.Go, changed: p.refresh, failed: env.Failed}
	p.build()
	p.refresh()
	return p
}

func (p *Page) text(key string) string { return p.env.Texts.Text(key, nil) }

// tags are the languages to choose from; the first is the system's.
func tags() []string { return append([]string{""}, language.Languages()...) }

// The values of the other selections, in the order in which they are offered.
func themes() []preferences.Theme {
	return []preferences.Theme{preferences.SystemTheme, preferences.LightTheme, preferences.DarkTheme}
}
func signIns() []string    { return []string{"", "device-code"} }
func transports() []string { return []string{"", "tcp", "udp"} }

// ownName is what a language calls itself.
func ownName(tag string) string {
	switch tag {
	case "en":
		return "English"
	case "nl":
		return "Nederlands"
	case "de":
		return "Deutsch"
	case "fr":
		return "Français"
	case "es":
		return "Español"
	default:
		return tag
	}
}

func (p *Page) build() {
	languages := []string{p.text("ui.preferences.system")}
	for _, tag := range tags()[1:] {
		languages = append(languages, ownName(tag))
	}
	p.language = p.choice(languages, func(c *preferences.Preferences, i int) { c.Language = tags()[i] })
	p.theme = p.choice([]string{p.text("ui.preferences.system"), p.text("ui.preferences.light"), p.text("ui.preferences.dark")},
		func(c *preferences.Preferences, i int) { c.Theme = themes()[i] })
	p.signIn = p.choice([]string{p.text("ui.preferences.browser"), p.text("ui.preferences.device-code")},
		func(c *preferences.Preferences, i int) { c.ImportSignIn = signIns()[i] })
	p.transport = p.choice([]string{p.text("ui.preferences.profile"), "TCP", "UDP"}, func(c *preferences.Preferences, i int) { c.ImportTransport = transports()[i] })
	p.atLogin = widget.NewCheck(p.text("ui.preferences.at-login"), func(on bool) {
		if !p.filling {
			p.presenter.SetAtLogin(on)
		}
	})
	p.tray = p.check("ui.preferences.tray", func(c *preferences.Preferences, on bool) { c.NoTray = !on })
	p.quit = p.check("ui.preferences.quit", func(c *preferences.Preferences, on bool) { c.QuitWhenClosed = on })
	p.proxy = keyboard.NewEntry()
	p.proxy.SetPlaceHolder("http://proxy.example.com:8080")
	p.proxy.OnChanged = p.setProxy
	p.proxyWrong = wrapped(p.text("ui.preferences.proxy-wrong"))
	p.proxyWrong.Importance = widget.WarningImportance

	p.organisation = newOrganisation(p.env, p.options.Fleet, func() { p.content.Content.Refresh() })

	body := container.NewVBox(p.organisation.content, p.heading("ui.preferences.app"), p.labelled("ui.preferences.language", p.language), p.hint("ui.preferences.language-how"),
		p.labelled("ui.preferences.theme", p.theme), p.atLogin, p.tray, p.quit, p.hint("ui.preferences.later"), p.heading("ui.preferences.notify"))
	for _, kind := range []struct {
		kind control.NoticeKind
		key  string
	}{{control.Connected, "ui.preferences.notify.connected"}, {control.Lost, "ui.preferences.notify.lost"}, {control.Reconnecting, "ui.preferences.notify.reconnecting"},
		{control.SignInNeeded, "ui.preferences.notify.sign-in"}, {control.ProfileChanged, "ui.preferences.notify.profile"}} {
		p.kinds[kind.kind] = p.check(kind.key, func(c *preferences.Preferences, on bool) { c.Mute(string(kind.kind), !on) })
		body.Add(p.kinds[kind.kind])
	}
	body.Add(p.heading("ui.preferences.imports"))
	p.locks = container.NewBorder(nil, nil, container.NewCenter(look.NewIcon(look.Managed(), 16)), nil, wrapped(p.text("ui.preferences.locked")))
	body.Add(p.locks)
	for _, o := range []fyne.CanvasObject{p.labelled("ui.preferences.proxy", p.proxy), p.proxyWrong, p.labelled("ui.preferences.sign-in", p.signIn),
		p.labelled("ui.preferences.transport", p.transport), p.about()} {
		body.Add(o)
	}
	p.content = container.NewVScroll(container.NewPadded(body))
}

// about says what program this is and where its things are.
func (p *Page) about() fyne.CanvasObject {
	box := container.NewVBox(p.heading("ui.preferences.about"), wrapped(p.env.Texts.Text("ui.preferences.version", language.Values{"Version": p.options.Version})))
	if len(p.options.Places) > 0 {
		places := wrapped(p.env.Texts.Text("ui.preferences.places", language.Values{"Places": "\n" + strings.Join(p.options.Places, "\n")}))
		places.Selectable, places.Wrapping = true, fyne.TextWrapBreak
		box.Add(places)
	}
	site := keyboard.NewButton(p.text("ui.preferences.website"), func() {
		if err := p.env.OpenURL(website); err != nil {
			p.env.Failed(err)
		}
	})
	site.Icon = theme.HelpIcon()
	box.Add(flow.New(site))
	return box
}

// website is the project's.
const website = "https://github.com/footbridge-vpn/footbridge"

func (p *Page) heading(key string) *widget.Label { return heading(p.text(key)) }

func (p *Page) hint(key string) *widget.Label {
	label := wrapped(p.text(key))
	label.Importance = widget.LowImportance
	return label
}

func (p *Page) labelled(key string, object fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(wrapped(p.text(key)), object)
}

func wrapped(text string) *widget.Label {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	return label
}

func (p *Page) choice(options []string, set func(*preferences.Preferences, int)) *widget.Select {
	s := widget.NewSelect(options, nil)
	s.OnChanged = func(string) { p.change(func(c *preferences.Preferences) { set(c, s.SelectedIndex()) }) }
	return s
}

func (p *Page) check(key string, set func(*preferences.Preferences, bool)) *widget.Check {
	return widget.NewCheck(p.text(key), func(on bool) { p.change(func(c *preferences.Preferences) { set(c, on) }) })
}

// change keeps what the user chose.
func (p *Page) change(change func(*preferences.Preferences)) {
	if p.filling {
		return
	}
	if err := p.presenter.Change(change); err != nil {
		p.env.Failed(err)
		return
	}
	p.apply()
}

func (p *Page) apply() {
	if p.options.Apply != nil {
		p.options.Apply(p.presenter.Chosen())
	}
}

// setProxy keeps a proxy once it is one.
func (p *Page) setProxy(text string) {
	if p.filling {
		return
	}
	err := p.presenter.Change(func(c *preferences.Preferences) { c.ImportProxy = strings.TrimSpace(text) })
	show(p.proxyWrong, err != nil)
	p.content.Content.Refresh()
	if err == nil {
		p.apply()
	}
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() {
	p.presenter.Load()
	p.organisation.read()
	if p.stop == nil {
		p.stop = page.Every(p.env, fleetInterval, p.organisation.read)
	}
}

// Hidden implements page.Page.
func (p *Page) Hidden() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// refresh shows the preferences as they are.
func (p *Page) refresh() {
	p.filling = true
	defer func() { p.filling = false }()
	chosen, view := p.presenter.Chosen(), p.options.Viewer.View()
	p.language.SetSelectedIndex(max(0, slices.Index(tags(), chosen.Language)))
	p.theme.SetSelectedIndex(max(0, slices.Index(themes(), chosen.Theme)))
	p.signIn.SetSelectedIndex(max(0, slices.Index(signIns(), chosen.ImportSignIn)))
	p.transport.SetSelectedIndex(max(0, slices.Index(transports(), chosen.ImportTransport)))
	p.atLogin.SetChecked(p.presenter.AtLogin())
	p.tray.SetChecked(!chosen.NoTray)
	p.quit.SetChecked(chosen.QuitWhenClosed)
	for kind, check := range p.kinds {
		check.SetChecked(!chosen.Mutes(string(kind)))
		enable(check, p.presenter.Loaded())
	}
	p.proxy.SetText(chosen.ImportProxy)
	show(p.proxyWrong, false)
	for _, o := range []fyne.Disableable{p.language, p.theme, p.atLogin, p.tray, p.quit} {
		enable(o, p.presenter.Loaded())
	}
	proxy, signIn, transport := locked(view, "proxy"), locked(view, "sign-in"), locked(view, "transport")
	enable(p.proxy, p.presenter.Loaded() && !proxy)
	enable(p.signIn, p.presenter.Loaded() && !signIn)
	enable(p.transport, p.presenter.Loaded() && !transport)
	show(p.locks, proxy || signIn || transport)
	p.content.Content.Refresh()
}

func show(object fyne.CanvasObject, visible bool) {
	if visible {
		object.Show()
	} else {
		object.Hide()
	}
}

func enable(object fyne.Disableable, enabled bool) {
	if enabled {
		object.Enable()
	} else {
		object.Disable()
	}
}
