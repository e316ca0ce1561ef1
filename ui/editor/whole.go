package editor

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/flow"
	"github.com/footbridge-vpn/footbridge/ui/keyboard"
	"github.com/footbridge-vpn/footbridge/ui/saving"
)

// general is what the connection is: its name, and what can be done with it as a whole.
func (p *Page) general() fyne.CanvasObject {
	name := p.newEntry(p.before.Name, "", p.draft.ReadOnly() == "", func(text string) {
		p.draft.SetName(text)
		p.update()
	})
	box := container.New(layout.NewCustomPaddedVBoxLayout(fieldGap), p.titled(p.text("name", nil), "", name, p.newWrong(nameKey)))
	entry := p.before.Entry
	if entry == nil {
		return box
	}
	imported := widget.NewLabel(p.env.Texts.Moment(entry.Imported))
	imported.Wrapping = fyne.TextWrapWord
	box.Add(p.titled(p.text("imported", nil), "", imported))
	export := keyboard.NewButton(p.text("export", nil), p.export)
	export.Icon = theme.DocumentIcon()
	remove := keyboard.NewButton(p.text("remove", nil), p.remove)
	remove.Icon = theme.DeleteIcon()
	box.Add(flow.New(export, remove))
	return box
}

// newServers is where the gateways are typed, one a line.
func (p *Page) newServers() fyne.CanvasObject {
	entry := keyboard.NewEntry()
	entry.MultiLine = true
	entry.SetMinRowsVisible(min(max(len(p.before.Servers)+1, 2), 5))
	entry.SetText(p.draft.Servers())
	entry.SetPlaceHolder("gateway.example:443")
	entry.OnChanged = func(text string) {
		p.draft.SetServers(text)
		p.update()
	}
	enable(entry, !p.draft.ProfileLocked())
	box := p.titled(p.text("servers", nil), p.text("servers-about", nil), entry, p.newWrong(serversKey))
	if p.draft.ProfileLocked() {
		box.Add(p.lockedNote())
	}
	return box
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
