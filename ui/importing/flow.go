package importing

import (
	"context"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/look"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// Flow asks the user what an import needs and shows what it did.
type Flow struct {
	env      page.Env
	into     *store.Store
	imported func(id string) // called with a profile that came in, to show it
	official func() []string // the files of the official client on this computer
	reload   func()          // what shows the profiles reads them again; called beside
	locked   func() string   // why the user may not import; empty: they may
	defaults Defaults
	azure    func() // leads to where an administrator gets a profile from Azure; nil: nowhere
}

// Options are what a flow works with. All but Defaults and Azure are required.
type Options struct {
	Into     *store.Store
	Imported func(id string)
	Official func() []string
	Reload   func()
	Locked   func() string
	Defaults Defaults // may be nil
	Azure    func()   // leads to where an administrator gets a profile from Azure; nil: that is not offered
}

// New makes the flow.
func New(env page.Env, o Options) *Flow {
	return &Flow{env: env, into: o.Into, imported: o.Imported, official: o.Official, reload: o.Reload, locked: o.Locked, defaults: o.Defaults, azure: o.Azure}
}

func (f *Flow) text(key string, values language.Values) string {
	return f.env.Texts.Text("ui.import."+key, values)
}

// Start offers the ways to import.
func (f *Flow) Start() {
	if f.refused() {
		return
	}
	how := widget.NewLabel(f.text("how", nil))
	how.Wrapping = fyne.TextWrapWord
	var d *dialog.CustomDialog
	then := func(do func()) func() {
		return func() {
			d.Hide()
			do()
		}
	}
	file := keyboard.NewButton(f.text("file", nil), then(f.chooseFile))
	file.Icon, file.Importance = theme.FolderOpenIcon(), widget.HighImportance
	paste := keyboard.NewButton(f.text("paste", nil), then(f.paste))
	paste.Icon = theme.ContentPasteIcon()
	buttons := []*keyboard.Button{file, paste}
	box := container.NewVBox(how, file, paste)
	if found := f.official(); len(found) > 0 {
		official := keyboard.NewButton(f.text("official", nil), then(func() { f.Paths(found) }))
		official.Icon = theme.DownloadIcon()
		buttons = append(buttons, official)
		box.Add(official)
	}
	if f.azure != nil {
		fromAzure := keyboard.NewButton(f.text("azure", nil), then(f.azure))
		fromAzure.Icon = look.Cloud()
		buttons = append(buttons, fromAzure)
		box.Add(fromAzure)
	}
	cancel := keyboard.NewButton(f.env.Texts.Text("ui.action.cancel", nil), func() { d.Hide() })
	for _, button := range append(buttons, cancel) {
		button.OnEscape = cancel.OnTapped
	}
	d = dialog.NewCustomWithoutButtons(f.text("title", nil), box, f.env.Window)
	d.SetButtons([]fyne.CanvasObject{cancel})
	d.Resize(fyne.NewSize(min(420, f.env.Window.Canvas().Size().Width), d.MinSize().Height))
	d.Show()
	f.env.Window.Canvas().Focus(file)
}

// refused says so where an administrator allows only their own profiles.
func (f *Flow) refused() bool {
	reason := f.locked()
	if reason == "" {
		return false
	}
	dialog.ShowInformation(f.text("title", nil), reason, f.env.Window)
	return true
}

// suffixes of files with profiles.
var suffixes = []string{".zip", ".xml", ".azvpn", ".ovpn", ".AzureVpnProfile", ".mobileconfig", ".pbk", ".json"}

func (f *Flow) chooseFile() {
	d := dialog.NewFileOpen(func(reader fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			f.env.Failed(err)
		case reader != nil:
			reader.Close()
			f.Paths([]string{reader.URI().Path()})
		}
	}, f.env.Window)
	d.SetFilter(storage.NewExtensionFileFilter(suffixes))
	d.SetTitleText(f.text("file", nil))
	f.env.ShowFiles(d)
}

func (f *Flow) paste() {
	text := f.env.Paste()
	if strings.TrimSpace(text) == "" {
		dialog.ShowInformation(f.text("title", nil), f.text("nothing-copied", nil), f.env.Window)
		return
	}
	f.run([]Source{{Text: text}})
}

// Paths imports files: chosen, dropped, or named when the program was started.
func (f *Flow) Paths(paths []string) {
	if f.refused() {
		return
	}
	var sources []Source
	for _, path := range paths {
		sources = append(sources, Source{Path: path})
	}
	f.run(sources)
}

// Package imports what Azure generated.
func (f *Flow) Package(generated azure.Package) {
	if !f.refused() {
		f.run([]Source{{Azure: &generated}})
	}
}

func (f *Flow) run(sources []Source) {
	f.env.Go(func(ctx context.Context) {
		result := Run(ctx, f.into, sources, f.defaults)
		f.reload()
		f.env.Post(func() { f.decide(result, result.Conflicts) })
	})
}

// decide asks about each conflict in turn, and then shows what was done.
func (f *Flow) decide(result Result, left []Conflict) {
	if len(left) == 0 {
		f.show(result)
		return
	}
	conflict := left[0]
	var d *dialog.CustomDialog
	choose := func(choice Choice) func() {
		return func() {
			d.Hide()
			f.env.Go(func(context.Context) {
				more := Decide(f.into, conflict, choice)
				f.reload()
				f.env.Post(func() {
					result.add(more)
					f.decide(result, left[1:])
				})
			})
		}
	}
	about := widget.NewLabel(f.text("exists", language.Values{"Name": conflict.Name}))
	about.Wrapping = fyne.TextWrapWord
	var buttons []fyne.CanvasObject
	for _, choice := range []Choice{Skip, KeepBoth, Replace} {
		button := keyboard.NewButton(f.text(string(choice), nil), choose(choice))
		button.OnEscape = choose(Skip)
		buttons = append(buttons, button)
	}
	replace := buttons[2].(*keyboard.Button)
	replace.Importance = widget.HighImportance
	d = dialog.NewCustomWithoutButtons(f.text("exists-title", nil), about, f.env.Window)
	d.SetButtons(buttons)
	d.Resize(fyne.NewSize(min(460, f.env.Window.Canvas().Size().Width), d.MinSize().Height))
	d.Show()
	f.env.Window.Canvas().Focus(replace)
}

// show tells what came in, and what was noticed about it.
func (f *Flow) show(result Result) {
	if len(result.Done) > 0 {
		f.imported(result.Done[0].ID)
		if len(result.Warnings) == 0 && len(result.Failed) == 0 {
			f.env.Notice(f.summary(result))
			return
		}
	}
	if len(result.Failed) == 0 && len(result.Warnings) == 0 {
		return // the user skipped everything
	}
	box := container.NewVBox()
	if len(result.Done) > 0 {
		box.Add(line(look.On(), f.summary(result)))
	}
	for _, failed := range result.Failed {
		explained := failure.Explain(f.env.Texts, failed.Err)
		name := filepath.Base(failed.Source)
		if failed.Source == "" {
			name = f.text("clipboard", nil)
		}
		box.Add(line(look.Failed(), strings.TrimSpace(name+": "+explained.Sentence+" "+explained.Remedy)))
	}
	for _, warning := range result.Warnings {
		problem, remedy := f.env.Texts.Explain(language.Noted, warning.Code, warning.Problem, warning.Remedy)
		box.Add(line(look.Waiting(), strings.TrimSpace(failure.Place(warning, f.env.Texts)+problem+" "+remedy)))
	}
	scroll := container.NewVScroll(box)
	scroll.SetMinSize(fyne.NewSize(300, min(320, box.MinSize().Height)))
	var d *dialog.CustomDialog
	closing := keyboard.NewButton(f.env.Texts.Text("ui.close", nil), func() { d.Hide() })
	closing.OnEscape = closing.OnTapped
	d = dialog.NewCustomWithoutButtons(f.text("title", nil), scroll, f.env.Window)
	d.SetButtons([]fyne.CanvasObject{closing})
	d.Resize(fyne.NewSize(min(560, f.env.Window.Canvas().Size().Width), min(480, f.env.Window.Canvas().Size().Height)))
	d.Show()
	f.env.Window.Canvas().Focus(closing)
}

// summary names what came in.
func (f *Flow) summary(result Result) string {
	var words []string
	for _, done := range result.Done {
		words = append(words, f.text("outcome."+string(done.Outcome), language.Values{"Name": done.Name}))
	}
	return strings.Join(words, "\n")
}

func line(picture fyne.Resource, text string) fyne.CanvasObject {
	label := widget.NewLabel(text)
	label.Wrapping = fyne.TextWrapWord
	label.Selectable = true
	return container.NewBorder(nil, nil, container.NewVBox(look.NewIcon(picture, 22)), nil, label)
}
