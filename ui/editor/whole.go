package editor

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/present"
	"github.com/footbridge-vpn/footbridge/ui/saving"
)

// facts are what the profile itself says, which only a new profile changes.
func (p *Page) facts() fyne.CanvasObject {
	form := widget.NewForm()
	add := func(key, value string) {
		if value == "" {
			return
		}
		label := widget.NewLabel(value)
		label.Wrapping, label.Selectable = fyne.TextWrapWord, true
		form.Append(p.text(key, nil), label)
	}
	add("servers", strings.Join(p.before.Servers, "\n"))
	add("method", present.Method(p.env.Texts, p.before.Authentication))
	if entry := p.before.Entry; entry != nil {
		roots := []string{}
		for _, root := range entry.Profile.Gateway.Roots {
			roots = append(roots, p.text("root", language.Values{"Name": root.Subject.CommonName, "Date": p.env.Texts.Date(root.NotAfter)}))
		}
		add("roots", strings.Join(roots, "\n"))
		if e := entry.Profile.Authentication.Entra; e != nil {
			add("tenant", e.Tenant)
			add("audience", e.Audience)
		}
		add("imported", p.env.Texts.Moment(entry.Imported))
	}
	return form
}

// format is what a profile can be exported as, and how such files are called.
type format struct {
	name, suffix string
	write        func(*profiles.Profile, settings.Settings) ([]byte, error)
}

func formats() []format {
	return []format{
		{"Azure VPN (.xml)", ".xml", func(p *profiles.Profile, _ settings.Settings) ([]byte, error) {
			return profiles.Export(p, profiles.FormatAzureXML)
		}},
		{"OpenVPN (.ovpn)", ".ovpn", func(p *profiles.Profile, _ settings.Settings) ([]byte, error) {
			return profiles.Export(p, profiles.FormatOVPN)
		}},
		{"Apple (.mobileconfig)", ".mobileconfig", func(p *profiles.Profile, set settings.Settings) ([]byte, error) {
			return profiles.ExportMobileconfig(p.Name, []*profiles.Profile{p}, client.ManagedOptions(set))
		}},
		{"Windows VPNv2 (.xml)", ".vpnv2.xml", func(p *profiles.Profile, set settings.Settings) ([]byte, error) {
			return profiles.ExportVPNv2(p, client.ManagedOptions(set))
		}},
	}
}

// export writes the profile, with what was set for it, as a file.
func (p *Page) export() {
	names := []string{}
	for _, format := range formats() {
		names = append(names, format.name)
	}
	choice := widget.NewRadioGroup(names, nil)
	choice.Selected, choice.Required = names[0], true
	d := dialog.NewCustomConfirm(p.text("export", nil), p.text("export", nil), p.env.Texts.Text("ui.action.cancel", nil), choice, func(yes bool) {
		if yes {
			p.exportAs(choice.Selected)
		}
	}, p.env.Window)
	d.Show()
}

func (p *Page) exportAs(name string) {
	for _, format := range formats() {
		if format.name != name {
			continue
		}
		saving.Ask(p.env, p.before.Name+format.suffix, func(path string) {
			p.env.Go(func(context.Context) {
				err := write(p.before.Entry, format, path)
				p.env.Post(func() {
					if err != nil {
						p.env.Failed(err)
						return
					}
					p.env.Notice(p.text("exported", language.Values{"Path": path}))
				})
			})
		})
	}
}

func write(entry *store.Entry, form format, path string) error {
	profile, err := entry.Settings.Apply(entry.Profile)
	if err != nil {
		return err
	}
	profile.Name = entry.Name
	data, err := form.write(profile, entry.Settings)
	if err != nil {
		return err
	}
	return saving.Write(path, data)
}

// remove deletes the connection, and offers to bring it back.
func (p *Page) remove() {
	if p.before.Session != nil {
		var d *dialog.CustomDialog
		closing := keyboard.NewButton(p.env.Texts.Text("ui.close", nil), func() { d.Hide() })
		closing.OnEscape = closing.OnTapped
		d = dialog.NewCustomWithoutButtons(p.text("remove", nil), widget.NewLabel(p.text("remove-connected", nil)), p.env.Window)
		d.SetButtons([]fyne.CanvasObject{closing})
		d.Show()
		p.env.Window.Canvas().Focus(closing)
		return
	}
	entry := *p.before.Entry
	p.env.Go(func(context.Context) {
		err := p.store.Remove(entry.ID)
		p.env.Post(func() {
			if err != nil {
				p.env.Failed(err)
				return
			}
			p.done()
			p.env.Undo(p.text("removed", language.Values{"Name": entry.Name}), func() { p.restore(entry) })
		})
	})
}

// restore brings a removed connection back as it was.
func (p *Page) restore(entry store.Entry) {
	p.env.Go(func(context.Context) {
		_, _, err := p.store.Add(entry.Profile, store.AddOptions{Name: entry.Name, Settings: &entry.Settings})
		p.env.Post(func() {
			if err != nil {
				p.env.Failed(err)
				return
			}
			p.done()
		})
	})
}
