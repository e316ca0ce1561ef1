package preferences

import (
	"context"
	"errors"
	"slices"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/preferences"
	"github.com/footbridge-vpn/footbridge/client/startup"
)

// File keeps the preferences: preferences.File.
type File interface {
	Load() (preferences.Preferences, error)
	Save(preferences.Preferences) error
}

// Viewer has what there is to show: control.Controller.
type Viewer interface{ View() client.View }

// Presenter is the preferences as they are shown. It belongs to one goroutine: the one that post posts to.
type Presenter struct {
	file    File
	startup startup.Entry
	post    func(func())
	run     func(func(context.Context))
	changed func()      // what is shown changed
	failed  func(error) // something could not be read or kept

	chosen  preferences.Preferences
	atLogin bool
	loaded  bool
	writing bool
	waiting []func() error // what is to be written after what is being written
}

// Load reads the preferences beside.
func (p *Presenter) Load() {
	p.run(func(context.Context) {
		chosen, err := p.file.Load()
		on, startErr := p.startup.On()
		p.post(func() {
			p.chosen, p.atLogin, p.loaded = chosen, on, true
			if err := errors.Join(err, startErr); err != nil {
				p.failed(err)
			}
			p.changed()
		})
	})
}

// Chosen are the preferences, and Loaded reports whether they were read yet.
func (p *Presenter) Chosen() preferences.Preferences { return p.chosen }
func (p *Presenter) Loaded() bool                    { return p.loaded }

// AtLogin reports whether the app starts when the user signs in.
func (p *Presenter) AtLogin() bool { return p.atLogin }

// Change changes a preference and keeps it. A value that there is not changes nothing and is the error.
func (p *Presenter) Change(change func(*preferences.Preferences)) error {
	wanted := p.chosen
	change(&wanted)
	if err := wanted.Validate(); err != nil {
		return err
	}
	p.chosen = wanted
	p.write(func() error { return p.file.Save(wanted) })
	return nil
}

// SetAtLogin says whether the app starts when the user signs in.
func (p *Presenter) SetAtLogin(on bool) {
	p.atLogin = on
	p.write(func() error { return p.startup.Set(on) })
}

// write does one thing after the other, in the order that the user did.
func (p *Presenter) write(do func() error) {
	if p.writing {
		p.waiting = append(p.waiting, do)
		return
	}
	p.writing = true
	p.run(func(context.Context) {
		err := do()
		p.post(func() {
			p.writing = false
			if err != nil {
				p.failed(err)
			}
			if len(p.waiting) > 0 {
				next := p.waiting[0]
				p.waiting = p.waiting[1:]
				p.write(next)
			}
		})
	})
}

// locked reports whether an administrator decides a setting of profiles.
func locked(view client.View, setting string) bool {
	return view.Policy != nil && (view.Policy.MachineProfilesOnly || slices.Contains(view.Policy.Locked, setting))
}
