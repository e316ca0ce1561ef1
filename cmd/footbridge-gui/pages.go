//go:build cgo

package main

import (
	"context"
	"os"

	"fyne.io/fyne/v2/theme"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/preferences"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/startup"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui"
	"github.com/footbridge-vpn/footbridge/ui/accounts"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/diagnose"
	"github.com/footbridge-vpn/footbridge/ui/editor"
	"github.com/footbridge-vpn/footbridge/ui/logs"
	"github.com/footbridge-vpn/footbridge/ui/page"
	preferencespage "github.com/footbridge-vpn/footbridge/ui/preferences"
)

// version is set when a release is built.
var version = "0.1.0-dev"

// sections are the pages that the window leads to besides the connections.
func sections(service *api.Client, backend *backend, apply func(preferences.Preferences)) []ui.Section {
	return []ui.Section{
		{Name: "section.diagnosis", Icon: theme.SearchIcon(), New: func(env page.Env, controller *control.Controller) page.Page {
			return diagnose.New(env, controller, doctor(service, backend), "")
		}},
		{Name: "section.logs", Icon: theme.ListIcon(), New: func(env page.Env, _ *control.Controller) page.Page {
			return logs.New(env, service)
		}},
		{Name: "section.accounts", Icon: theme.AccountIcon(), New: func(env page.Env, controller *control.Controller) page.Page {
			return accounts.New(env, controller, accounts.Source{Provider: backend.accountsProvider, Keyring: openKeyringWithChoice})
		}},
		{Name: "section.preferences", Icon: theme.SettingsIcon(), New: func(env page.Env, controller *control.Controller) page.Page {
			return preferencespage.New(env, preferencespage.Options{File: preferences.At(""), Startup: startup.New(ownProgram()), Viewer: controller,
				Version: version, Places: []string{store.UserDir(), preferences.UserPath()}, Apply: apply, Fleet: service.Fleet})
		}},
	}
}

// ownProgram is the app, as it is started when its user signs in to the computer: in the tray.
func ownProgram() startup.Program {
	path, err := os.Executable()
	if err != nil {
		path = "footbridge-gui"
	}
	return startup.Program{ID: appID, Name: "Footbridge", Icon: appID, Command: []string{path, "--hidden"}}
}

// doctor looks at this computer, with the sign-ins that are there.
func doctor(service *api.Client, backend *backend) *diagnose.Local {
	return &diagnose.Local{Service: service, Model: backend.Model(), Version: version, Accounts: func(ctx context.Context) ([]entra.Account, error) {
		provider, err := backend.entraProvider(ctx)
		if err != nil {
			return nil, err
		}
		return provider.Accounts(ctx)
	}}
}

func diagnosePage(service *api.Client, backend *backend) func(page.Env, *control.Controller, string) page.Page {
	return func(env page.Env, controller *control.Controller, id string) page.Page {
		return diagnose.New(env, controller, doctor(service, backend), id)
	}
}

func editPage(profiles *store.Store) func(page.Env, *control.Controller, string, func()) page.Page {
	return func(env page.Env, controller *control.Controller, id string, done func()) page.Page {
		return editor.New(env, controller, profiles, id, done)
	}
}
