// Package preferences is how a user wants the desktop app to be, kept in a file.
package preferences

import (
	"fmt"
	"slices"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Theme says which colours the app has.
type Theme string

// The themes. The zero value follows the system.
const (
	SystemTheme Theme = ""
	LightTheme  Theme = "light"
	DarkTheme   Theme = "dark"
)

// Preferences are how the app is to be. The zero value is how it is where the user said nothing. Whether it starts when the user signs in
// is the system's to know (package startup).
type Preferences struct {
	Language        string   `json:"language,omitempty"`         // of language.Languages; empty: the system's
	Theme           Theme    `json:"theme,omitempty"`            // the colours
	NoTray          bool     `json:"no_tray,omitempty"`          // no icon beside the clock
	QuitWhenClosed  bool     `json:"quit_when_closed,omitempty"` // closing the window ends the app instead of leaving it in the tray
	Muted           []string `json:"muted,omitempty"`            // the kinds of notifications that are not shown
	ImportProxy     string   `json:"import_proxy,omitempty"`     // for new imports, as settings.Set takes it, without a password; empty: the profile's
	ImportSignIn    string   `json:"import_sign_in,omitempty"`   // for new imports with Entra ID: empty or "device-code"
	ImportTransport string   `json:"import_transport,omitempty"` // for new imports: "tcp" or "udp"; empty: the profile's
}

// maxMuted bounds the kinds of notifications, of which there are few.
const maxMuted = 32

// ValueError says that a preference has a value that it cannot have.
type ValueError struct{ Name string }

// Error implements error.
func (e *ValueError) Error() string {
	return "the preference " + e.Name + " has a value that it cannot have"
}

// Validate refuses values that there are not. The error is a *ValueError.
func (p Preferences) Validate() error {
	switch {
	case p.Language != "" && !slices.Contains(language.Languages(), p.Language):
		return &ValueError{"language"}
	case p.Theme != SystemTheme && p.Theme != LightTheme && p.Theme != DarkTheme:
		return &ValueError{"theme"}
	case len(p.Muted) > maxMuted || slices.ContainsFunc(p.Muted, func(kind string) bool { return kind == "" || len(kind) > 64 }):
		return &ValueError{"muted"}
	}
	for _, value := range []struct{ name, key, value string }{
		{"import_proxy", "proxy", p.ImportProxy}, {"import_sign_in", "sign-in", p.ImportSignIn}, {"import_transport", "transport", p.ImportTransport},
	} {
		var s settings.Settings
		if s.Set(value.key, value.value) != nil || s.Proxy != nil && s.Proxy.Password != "" {
			return &ValueError{value.name}
		}
	}
	return nil
}

// Mutes reports whether notifications of a kind are not to be shown.
func (p Preferences) Mutes(kind string) bool { return slices.Contains(p.Muted, kind) }

// Mute says whether notifications of a kind are shown.
func (p *Preferences) Mute(kind string, muted bool) {
	kept := slices.DeleteFunc(slices.Clone(p.Muted), func(other string) bool { return other == kind })
	if muted {
		kept = append(kept, kind)
		slices.Sort(kept)
	}
	if len(kept) == 0 {
		kept = nil
	}
	p.Muted = kept
}

// ForImport are the settings that a profile with a way to sign in gets when it is imported; nil: none. They are not for settings that an
// administrator locked.
func (p Preferences) ForImport(authentication profiles.AuthenticationType) (*settings.Settings, error) {
	var s settings.Settings
	values := [][2]string{{"proxy", p.ImportProxy}, {"transport", p.ImportTransport}}
	if authentication == profiles.EntraID {
		values = append(values, [2]string{"sign-in", p.ImportSignIn})
	}
	for _, value := range values {
		if err := s.Set(value[0], value[1]); err != nil {
			return nil, fmt.Errorf("use preference: %w", err)
		}
	}
	if s.IsZero() {
		return nil, nil
	}
	return &s, nil
}
