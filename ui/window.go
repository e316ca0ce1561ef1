// Package ui is the window, the tray icon and the notifications of the desktop app.
package ui

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/asking"
	"github.com/footbridge-vpn/footbridge/ui/connection"
	"github.com/footbridge-vpn/footbridge/ui/connections"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/fromazure"
	"github.com/footbridge-vpn/footbridge/ui/importing"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Backend is what the window shows and what it asks for.
type Backend interface {
	control.Connector
	connection.Historian
	// Model is what there is to show.
	Model() control.Model
	// Reload reads the profiles again, as after an import.
	Reload()
	// Run follows the service until ctx ends. Questions go to the asker.
	Run(ctx context.Context, asker signin.Asker)
	// Leave hands the sessions over to the background, when the program ends.
	Leave(ctx context.Context) error
	// StartService starts the service where it does not run.
	StartService(ctx context.Context) error
	// OfficialProfiles are the files of Microsoft's client on this computer.
	OfficialProfiles() []string
}

// Section is a page of its own that the window's list leads to.
type Section struct {
	Name string // key of its text
	Icon fyne.Resource
	New  func(env page.Env, controller *control.Controller) page.Page
}

// Options say what the window is for. App, Backend, Profiles and Texts are required.
type Options struct {
	App      fyne.App
	Backend  Backend
	Profiles *store.Store
	Texts    *language.Texts
	Sections []Section
	// Edit and Diagnose make the pages that a connection's page leads to.
	Edit     func(env page.Env, controller *control.Controller, id string, done func()) page.Page
	Diagnose func(env page.Env, controller *control.Controller, id string) page.Page
	// Azure signs an administrator in to Azure, for whom profiles are generated; nil: that is not offered.
	Azure  fromazure.Opener
	Notify func(control.NoticeKind) bool // whether the user wants to hear of it; nil: of everything
	Tray   bool                          // there is a place for a tray icon, and the user wants one
	// QuitWhenClosed ends the program with its window, though there is a tray icon.
	QuitWhenClosed bool
	// Defaults are the settings of newly imported profiles that sign in in a way; nil: there are none.
	Defaults func(profiles.AuthenticationType) (*settings.Settings, error)
	Placer   Placer // nil: where the window stands is not remembered
	Logger   *slog.Logger
	Now      func() time.Time // nil: the system's clock
	Post     func(func())     // nil: fyne.Do
}

// Window is the app's one window, with its tray icon.
type Window struct {
	options    Options
	env        page.Env
	window     fyne.Window
	controller *control.Controller
	asker      *asking.Asker
	importing  *importing.Flow
	list       *connections.List
	tray       tray
	toast      *toast
	banner     *banner

	detail     *fyne.Container // what is open
	back       *widget.Button
	panes      *fyne.Container
	empty      fyne.CanvasObject
	open       page.Page // nil: nothing is
	connection string    // id of the connection that is open
	showDetail bool
	seen       bool // the window is on the screen, and not in the tray only

	ctx     context.Context
	end     context.CancelFunc
	working sync.WaitGroup
	leaving bool
}

// New makes the window. Nothing is shown or asked before Start.
func New(o Options) *Window {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Post == nil {
		o.Post = fyne.Do
	}
	w := &Window{options: o, window: o.App.NewWindow("Footbridge")}
	w.ctx, w.end = context.WithCancel(context.Background())
	w.env = w.newEnv()
	w.controller = control.New(control.Options{Connector: o.Backend, Model: o.Backend.Model(), Logger: o.Logger, Now: o.Now, Post: o.Post, Go: w.env.Go, Notify: w.notify})
	w.asker = asking.New(w.env, w.Raise, w.cancelSignIn)
	w.importing = importing.New(w.env, importing.Options{Into: o.Profiles, Imported: w.Open, Official: o.Backend.OfficialProfiles, Reload: o.Backend.Reload, Locked: w.importLocked, Defaults: o.Defaults, Azure: w.azure()})
	w.build()
	return w
}

// newEnv is what pages work with.
func (w *Window) newEnv() page.Env {
	return page.Env{
		Texts: w.options.Texts, Window: w.window, Logger: w.options.Logger, Now: w.options.Now, Post: w.options.Post,
		Go: func(do func(context.Context)) { w.working.Go(func() { do(w.ctx) }) },
		OpenURL: func(address string) error {
			parsed, err := url.Parse(address)
			if err != nil {
				return err
			}
			return w.options.App.OpenURL(parsed)
		},
		Copy:   func(text string) { w.options.App.Clipboard().SetContent(text) },
		Paste:  func() string { return w.options.App.Clipboard().Content() },
		Notice: func(text string) { w.toast.show(text, nil) },
		Undo:   func(text string, undo func()) { w.toast.show(text, undo) },
		Failed: func(err error) { w.failed(err) },
	}
}

func (w *Window) text(key string) string { return w.options.Texts.Text("ui."+key, nil) }

func (w *Window) build() {
	w.list = connections.New(w.env, w.controller, connections.Actions{Open: w.Open, Import: w.importing.Start})
	sections := flow.New()
	for _, section := range w.options.Sections {
		button := widget.NewButtonWithIcon(w.text(section.Name), section.Icon, func() { w.show(section.New(w.env, w.controller), "") })
		button.Importance = widget.LowImportance
		sections.Add(button)
	}
	list := container.NewBorder(nil, container.NewPadded(sections), nil, nil, w.list.Content())
	nothing := widget.NewLabel(w.text("nothing-open"))
	nothing.Wrapping, nothing.Alignment, nothing.Importance = fyne.TextWrapWord, fyne.TextAlignCenter, widget.LowImportance
	w.empty = container.NewVBox(layout.NewSpacer(), container.NewCenter(look.NewIcon(look.AppIcon(), 72)), nothing, layout.NewSpacer())
	w.back = widget.NewButtonWithIcon(w.text("back"), theme.NavigateBackIcon(), w.Close)
	w.detail = container.NewStack(w.empty)
	detail := container.NewBorder(container.NewHBox(w.back), nil, nil, nil, w.detail)
	w.back.Hide()
	split := &adaptive{showDetail: func() bool { return w.showDetail }, narrow: w.becameNarrow}
	w.panes = container.New(split, list, detail, widget.NewSeparator())
	w.toast = newToast(w.env)
	w.banner = newBanner(w.env, w.controller, w.startService)
	w.window.SetContent(container.NewStack(container.NewBorder(w.banner.content, nil, nil, nil, w.panes), w.toast.content))
	w.window.SetMaster()
	w.window.SetIcon(look.AppIcon())
	w.restoreSize()
	w.window.SetOnDropped(func(_ fyne.Position, dropped []fyne.URI) { w.dropped(dropped) })
	w.window.SetCloseIntercept(w.closeWindow)
	w.addShortcuts()
	w.controller.Watch(w.refresh)
	w.tray = newTray(w)
}

// Start follows the service and shows the window, or only its tray icon.
func (w *Window) Start(hidden bool) {
	w.env.Go(func(ctx context.Context) { w.options.Backend.Run(ctx, w.asker) })
	w.controller.Start()
	w.tray.start()
	if !hidden || !w.tray.present() {
		w.appear()
	}
}

// Raise shows the window in front of others.
func (w *Window) Raise() {
	w.appear()
	w.window.RequestFocus()
}

// Import brings in files that the program was given.
func (w *Window) Import(paths []string) {
	w.Raise()
	w.importing.Paths(paths)
}

// Open shows a connection's page.
func (w *Window) Open(id string) {
	if w.connection == id && w.open != nil {
		if _, there := w.open.(*connection.Page); there {
			return
		}
	}
	if _, ok := w.controller.View().Find(id); !ok {
		w.connection = id // it comes with the next picture
		return
	}
	w.show(connection.New(w.env, w.controller, w.options.Backend, connection.Actions{Edit: w.edit, Diagnose: w.diagnose}, id), id)
}

// azure is what leads to Azure's gateways; nil: nothing does.
func (w *Window) azure() func() {
	if w.options.Azure == nil {
		return nil
	}
	return func() {
		w.show(fromazure.New(w.env, fromazure.Options{Open: w.options.Azure, Raise: w.Raise, Fetched: w.importing.Package, Close: w.Close}), "")
	}
}

func (w *Window) edit(id string) {
	if w.options.Edit != nil {
		w.show(w.options.Edit(w.env, w.controller, id, func() { w.finished(id) }), id)
	}
}

func (w *Window) diagnose(id string) {
	if w.options.Diagnose != nil {
		w.show(w.options.Diagnose(w.env, w.controller, id), id)
	}
}

// finished goes back from a page about a connection to the connection itself, where that is still there.
func (w *Window) finished(id string) {
	w.options.Backend.Reload()
	w.clear()
	w.Open(id)
}

// put puts a page where the last one was.
func (w *Window) put(p page.Page, connection string) {
	if w.open != nil {
		w.open.Hidden()
	}
	w.open, w.connection, w.showDetail = p, connection, true
	w.detail.Objects = []fyne.CanvasObject{p.Content()}
	w.detail.Refresh()
	w.list.Select(connection)
	if w.seen {
		p.Shown()
	}
	w.panes.Refresh()
}

// clear goes back to the list.
func (w *Window) clear() {
	if w.open != nil {
		w.open.Hidden()
	}
	w.open, w.connection, w.showDetail = nil, "", false
	w.detail.Objects = []fyne.CanvasObject{w.empty}
	w.detail.Refresh()
	w.list.Select("")
	w.panes.Refresh()
}

func (w *Window) becameNarrow(narrow bool) {
	if narrow {
		w.back.Show()
	} else {
		w.back.Hide()
	}
}

// refresh follows what there is to show.
func (w *Window) refresh() {
	w.tray.refresh()
	w.banner.refresh()
	if w.connection == "" {
		return
	}
	_, there := w.controller.View().Find(w.connection)
	switch {
	case there && w.open == nil:
		w.Open(w.connection)
	case !there && w.open != nil:
		w.clear()
	}
}

// importLocked is why the user may not import.
func (w *Window) importLocked() string {
	if policy := w.controller.View().Policy; policy != nil && policy.MachineProfilesOnly {
		return w.text("import.locked")
	}
	return ""
}

func (w *Window) dropped(dropped []fyne.URI) {
	var paths []string
	for _, uri := range dropped {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	if len(paths) > 0 {
		w.importing.Paths(paths)
	}
}

// cancelSignIn ends what a profile's sign-in is for: the sign-in alone where a tunnel is up, else the connection.
func (w *Window) cancelSignIn(profile string) {
	c, ok := w.controller.View().Named(profile)
	switch {
	case !ok:
	case w.controller.Doing(c.ID) == control.SigningIn:
		w.controller.CancelSignIn(c.ID)
	default:
		w.controller.Disconnect(c.ID)
	}
}
