package fromazure

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/page"
)

// signInForm asks how an administrator signs in.
type signInForm struct {
	content *container.Scroll
	way     *widget.Select
	cloud   *widget.SelectEntry
	tenant  *keyboard.Entry
	clouds  map[string]string // what a cloud is called here, and its name
}

// ways are the ways to sign in that somebody at a screen has, in the order in which they are offered, with their texts.
func ways() []struct {
	way azure.SignIn
	key string
} {
	return []struct {
		way azure.SignIn
		key string
	}{{azure.Automatically, "ui.azure.automatic"}, {azure.WithBrowser, "ui.preferences.browser"}, {azure.WithDeviceCode, "ui.preferences.device-code"},
		{azure.WithAzureCLI, "ui.azure.cli"}}
}

func newSignInForm(env page.Env, look func(SignIn), leave func()) *signInForm {
	f := &signInForm{clouds: map[string]string{}}
	var names []string
	for _, way := range ways() {
		names = append(names, env.Texts.Text(way.key, nil))
	}
	f.way = widget.NewSelect(names, nil)
	f.way.SetSelectedIndex(0)
	var clouds []string
	for _, cloud := range azure.Clouds() {
		called := env.Texts.Text("ui.azure.cloud."+cloud.Name, nil)
		f.clouds[called] = cloud.Name
		clouds = append(clouds, called)
	}
	f.cloud = widget.NewSelectEntry(clouds)
	f.cloud.SetText(clouds[0])
	f.tenant = keyboard.NewEntry()
	f.tenant.SetPlaceHolder("contoso.com")
	f.tenant.OnEscape = leave
	submit := func() { look(f.chosen()) }
	f.tenant.OnSubmitted = func(string) { submit() }
	f.cloud.OnSubmitted = func(string) { submit() }
	search := keyboard.NewButton(env.Texts.Text("ui.azure.look", nil), submit)
	search.Icon, search.Importance = theme.LoginIcon(), widget.HighImportance
	cancel := keyboard.NewButton(env.Texts.Text("ui.action.cancel", nil), leave)
	search.OnEscape, cancel.OnEscape = leave, leave
	f.content = container.NewVScroll(container.NewPadded(container.NewVBox(wrapped(env.Texts.Text("ui.azure.about", nil)),
		field(env, "ui.azure.sign-in", f.way), field(env, "ui.azure.tenant", f.tenant), field(env, "ui.azure.cloud", f.cloud), flow.New(search, cancel))))
	return f
}

func field(env page.Env, key string, object fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(wrapped(env.Texts.Text(key, nil)), object)
}

// chosen is how the administrator signs in. What is typed as a cloud may be its name here, Azure's name for it, or an address.
func (f *signInForm) chosen() SignIn {
	cloud := f.cloud.Text
	if name, known := f.clouds[cloud]; known {
		cloud = name
	}
	return SignIn{Cloud: cloud, Tenant: f.tenant.Text, Way: ways()[max(0, f.way.SelectedIndex())].way}
}
