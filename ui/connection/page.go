// Package connection is the page of one connection: how it is, what is happening, and what it carries.
package connection

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/graph"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
	"github.com/footbridge-vpn/footbridge/ui/present"
)

// Actions are what leads away from the page.
type Actions struct {
	Edit     func(id string)
	Diagnose func(id string)
}

// Page shows one connection.
type Page struct {
	env        page.Env
	controller *control.Controller
	history    Historian
	actions    Actions
	id         string

	content   fyne.CanvasObject
	state     *canvas.Image
	name      *widget.Label
	word      *widget.Label
	action    *widget.Button
	signIn    *widget.Button
	edit      *widget.Button
	note      *widget.Label // who signs in, and why the action is locked
	trouble   *troubleCard
	warnings  *fyne.Container
	carried   *fyne.Container // the graph and what is beside it
	graph     *graph.Graph
	rates     *rates
	facts     *fyne.Container
	shownList []present.Fact
	past      *past

	shown bool
	stop  []func()
	doing present.Action
}

// New makes the page of the connection with an id.
func New(env page.Env, controller *control.Controller, history Historian, actions Actions, id string) *Page {
	p := &Page{env: env, controller: controller, history: history, actions: actions, id: id}
	p.build()
	p.refresh()
	return p
}

// ID is the connection's.
func (p *Page) ID() string { return p.id }

func (p *Page) text(key string) string { return p.env.Texts.Text("ui.connection."+key, nil) }

func (p *Page) build() {
	p.state = look.NewIcon(look.Off(), 36)
	p.name = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	p.name.SizeName = theme.SizeNameHeadingText
	p.name.Truncation = fyne.TextTruncateEllipsis
	p.word = widget.NewLabel("")
	p.word.Wrapping = fyne.TextWrapWord
	p.action = widget.NewButton("", p.act)
	p.action.Importance = widget.HighImportance
	p.signIn = widget.NewButtonWithIcon(p.env.Texts.Text("ui.action.sign-in", nil), theme.LoginIcon(), func() { p.controller.SignIn(p.id, false) })
	p.edit = widget.NewButtonWithIcon(p.text("edit"), theme.SettingsIcon(), func() { p.actions.Edit(p.id) })
	diagnose := widget.NewButtonWithIcon(p.text("diagnose"), theme.SearchIcon(), func() { p.actions.Diagnose(p.id) })
	p.note = widget.NewLabel("")
	p.note.Wrapping = fyne.TextWrapWord
	p.trouble = newTroubleCard(p.env, func() { p.controller.Dismiss(p.id) }, func() { p.actions.Diagnose(p.id) })
	p.warnings = container.NewVBox()
	p.graph = graph.New(p.env.Texts)
	p.rates = newRates(p.env.Texts)
	p.facts = container.New(layout.NewFormLayout())
	p.carried = container.New(layout.NewCustomPaddedVBoxLayout(10), look.NewCard(container.NewVBox(p.rates.content, p.graph)), look.NewCard(look.NewDense(p.facts)))
	p.past = newPast(p.env)

	head := container.NewBorder(nil, nil, container.NewCenter(p.state), nil, look.NewLines(p.name, p.word))
	buttons := flow.New(p.action, p.signIn, p.edit, diagnose)
	column := container.New(layout.NewCustomPaddedVBoxLayout(10), head, buttons, p.trouble.content, p.note, p.warnings, p.carried, p.past.content)
	p.content = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(10, 14, 2, 12), column))
}

// Content implements page.Page.
func (p *Page) Content() fyne.CanvasObject { return p.content }

// Shown implements page.Page.
func (p *Page) Shown() {
	if p.shown {
		return
	}
	p.shown = true
	p.stop = []func(){p.controller.Watch(p.refresh), p.controller.LookAtTraffic(), p.everySecond()}
	p.refresh()
	p.readPast()
}

// Hidden implements page.Page.
func (p *Page) Hidden() {
	p.shown = false
	for _, stop := range p.stop {
		stop()
	}
	p.stop = nil
}

// act does what the one button says.
func (p *Page) act() {
	switch p.doing {
	case present.Connect, present.SignIn:
		p.controller.Connect(p.id)
	case present.Cancel, present.Disconnect:
		p.controller.Disconnect(p.id)
	}
}

// Focus puts the keyboard on the one button.
func (p *Page) Focus() { p.env.Window.Canvas().Focus(p.action) }

// refresh shows the connection as it is now.
func (p *Page) refresh() {
	connection, ok := p.controller.View().Find(p.id)
	if !ok {
		return // the window takes the page away
	}
	now := p.env.Now()
	shown := present.NewConnection(p.env.Texts, now, p.controller, connection)
	p.doing = shown.Action
	p.state.Resource = StateImage(shown.State)
	p.state.Refresh()
	p.name.SetText(shown.Name)
	p.word.SetText(sentence(shown.Word, shown.Doing))
	p.showAction(shown)
	if connection.Authentication == profiles.EntraID && p.controller.Doing(p.id) == "" && (shown.NeedUser || connection.Session == nil) {
		p.signIn.Show()
	} else {
		p.signIn.Hide()
	}
	p.note.SetText(p.noteOf(shown))
	p.trouble.show(shown.Trouble)
	p.showWarnings(shown.Warnings)
	if connection.Session != nil && connection.Session.Connection != nil {
		samples, total := p.controller.Traffic(connection.Session.ID)
		if total.BytesIn == 0 && total.BytesOut == 0 {
			total = connection.Session.Traffic
		}
		p.graph.Set(now, samples)
		p.rates.show(p.env.Now(), samples, total.BytesIn, total.BytesOut)
		p.showFacts(present.Facts(p.env.Texts, connection))
		p.carried.Show()
	} else {
		p.carried.Hide()
	}
	p.past.current(connection.Session == nil, p.readPast)
}

func sentence(word, doing string) string {
	if doing == "" {
		return word
	}
	return word + " · " + doing
}

func (p *Page) showAction(shown present.Connection) {
	p.action.SetText(shown.Label)
	p.action.Importance = widget.HighImportance
	if shown.Action == present.Disconnect || shown.Action == present.Cancel {
		p.action.Importance = widget.MediumImportance
	}
	if shown.Locked != "" || shown.Action == present.Wait {
		p.action.Disable()
	} else {
		p.action.Enable()
	}
	p.action.Refresh()
}

// noteOf tells how the connection signs in, who did, and what an administrator decided.
func (p *Page) noteOf(shown present.Connection) string {
	note := p.env.Texts.Text("ui.connection.method", language.Values{"Method": shown.Method})
	if shown.SignIn != "" {
		note += "\n" + shown.SignIn
	}
	if shown.Managed {
		note += "\n" + p.text("managed")
	}
	if shown.Locked != "" {
		note += "\n" + shown.Locked
	}
	return note
}

func (p *Page) showWarnings(warnings []string) {
	if len(warnings) == len(p.warnings.Objects) {
		same := true
		for i, warning := range warnings {
			same = same && warningText(p.warnings.Objects[i]) == warning
		}
		if same {
			return
		}
	}
	p.warnings.Objects = nil
	for _, warning := range warnings {
		p.warnings.Add(newWarning(warning))
	}
	p.warnings.Refresh()
}

func (p *Page) showFacts(facts []present.Fact) {
	if len(facts) == len(p.shownList) {
		same := true
		for i := range facts {
			same = same && facts[i] == p.shownList[i]
		}
		if same {
			return
		}
	}
	p.shownList = facts
	p.facts.Objects = nil
	for _, fact := range facts {
		name, value := widget.NewLabel(fact.Label), widget.NewLabel(fact.Value)
		name.Importance = widget.LowImportance
		value.Wrapping = fyne.TextWrapWord
		value.Selectable = true
		p.facts.Objects = append(p.facts.Objects, name, value)
	}
	p.facts.Refresh()
}

// everySecond keeps times on the page going.
func (p *Page) everySecond() (stop func()) {
	return page.Every(p.env, time.Second, func() {
		if connection, ok := p.controller.View().Find(p.id); ok && connection.Session != nil {
			p.refresh()
		}
	})
}

// StateImage is the picture of a state.
func StateImage(state present.State) fyne.Resource {
	switch state {
	case present.Busy:
		return look.Busy()
	case present.On:
		return look.On()
	case present.Waiting:
		return look.Waiting()
	case present.Failed:
		return look.Failed()
	default:
		return look.Off()
	}
}
