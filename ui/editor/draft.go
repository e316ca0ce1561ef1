// Package editor changes what is set for a connection.
package editor

import (
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/failure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// Kind says how a setting is asked for.
type Kind string

// The kinds of settings.
const (
	Text   Kind = "text"
	Yes    Kind = "yes"    // "true" or empty
	Choice Kind = "choice" // one of Field.Choices
	File   Kind = "file"   // the path of a file of the user's
	Folder Kind = "folder" // the path of a folder of the user's
)

// Field is one setting as the user sees it.
type Field struct {
	Key     string
	Kind    Kind
	Help    string
	Example string
	Choices []string // values, the first of which is empty: as in the profile
	Locked  bool     // an administrator decided
}

// Section is settings that belong together.
type Section struct {
	Name   string // key of its text behind "ui.editor."
	Fields []Field
}

// sectionKeys are the settings of each section, what ordinary users need first.
var sectionKeys = []struct {
	name string
	keys []string
}{
	{"gateway", []string{"transport", "proxy", "azure-gateway"}},
	{"sign-in", []string{"pkcs12", "certificate", "key", "username", "remember-password", "sign-in", "login-hint", "sign-in-server", "certificate-folder", "certificate-thumbprint", "certificate-issuer", "pkcs11"}},
	{"automatic", []string{"autoconnect", "trusted-networks", "secondary-profile"}},
	{"network", []string{"dns-servers", "dns-suffixes", "include-routes", "exclude-routes", "mtu"}},
}

// Draft is what the user has changed so far, of one connection.
type Draft struct {
	texts  *language.Texts
	now    func() time.Time
	view   client.View
	before client.Connection
	name   string
	values map[string]string

	servers        string            // as typed
	newServers     []profiles.Server // what that says, while it is right
	authentication authentication
	roots          rootChanges
	known          []*x509.Certificate // roots of this computer
	secret         secret.Text         // takes the place of the profile's; empty: it stays
	wrong          map[string]string   // what is wrong with a value, in words
}

// NewDraft starts from a connection as it is.
func NewDraft(texts *language.Texts, now func() time.Time, view client.View, c client.Connection) *Draft {
	d := &Draft{texts: texts, now: now, view: view, before: c, name: c.Name, values: map[string]string{}, wrong: map[string]string{}}
	for _, key := range settings.Keys() {
		d.values[key.Name] = c.Settings.Get(key.Name)
	}
	d.servers, d.authentication = strings.Join(c.Servers, "\n"), authentication{method: c.Authentication}
	if c.Entry != nil {
		d.newServers, d.authentication = c.Entry.Profile.Servers, authenticationOf(c.Entry.Profile.Authentication)
	}
	return d
}

// String hides the content, which has secrets in it.
func (d *Draft) String() string { return "changes of " + d.before.Name }

// GoString is String.
func (d *Draft) GoString() string { return d.String() }

// LogValue implements slog.LogValuer without the content.
func (d *Draft) LogValue() slog.Value { return slog.StringValue(d.String()) }

// ReadOnly is why nothing can be changed; empty: something can.
func (d *Draft) ReadOnly() string {
	if d.before.Machine != nil {
		return d.texts.Text("ui.connection.managed", nil)
	}
	return ""
}

// Sections are all settings.
func (d *Draft) Sections() []Section {
	known := map[string]settings.Key{}
	for _, key := range settings.Keys() {
		known[key.Name] = key
	}
	var sections []Section
	for _, s := range sectionKeys {
		section := Section{Name: s.name}
		for _, name := range s.keys {
			if key, ok := known[name]; ok {
				section.Fields = append(section.Fields, d.field(key))
				delete(known, name)
			}
		}
		sections = append(sections, section)
	}
	last := &sections[len(sections)-1]
	for _, name := range slices.Sorted(maps.Keys(known)) { // what no section names is not lost
		last.Fields = append(last.Fields, d.field(known[name]))
	}
	return sections
}

func (d *Draft) field(key settings.Key) Field {
	f := Field{Key: key.Name, Kind: Text, Help: d.texts.Text("setting."+key.Name, nil), Example: key.Example}
	f.Locked = d.locked(key.Name)
	switch key.Name {
	case "autoconnect":
		f.Kind = Yes
	case "remember-password":
		f.Kind, f.Choices = Choice, []string{"", "true", "false"}
	case "transport":
		f.Kind, f.Choices = Choice, []string{"", "tcp", "udp"}
	case "sign-in":
		f.Kind, f.Choices = Choice, []string{"", "device-code"}
	case "secondary-profile":
		f.Kind, f.Choices = Choice, []string{""}
		for _, other := range d.view.Connections {
			if other.Name != d.before.Name && other.Machine == nil {
				f.Choices = append(f.Choices, other.Name)
			}
		}
	case "certificate", "key", "pkcs12":
		f.Kind = File
	case "certificate-folder":
		f.Kind = Folder
	}
	if f.Kind == Choice && !slices.Contains(f.Choices, d.values[key.Name]) {
		f.Choices = append(f.Choices, d.values[key.Name])
	}
	return f
}

// locked reports whether an administrator decides a setting.
func (d *Draft) locked(key string) bool {
	return d.before.Machine != nil || d.view.Policy != nil && slices.Contains(d.view.Policy.Locked, key)
}

// Name is what the connection is called.
func (d *Draft) Name() string { return d.name }

// SetName changes it.
func (d *Draft) SetName(name string) {
	d.name = strings.TrimSpace(name)
	delete(d.wrong, nameKey)
	switch {
	case d.name == "":
		d.wrong[nameKey] = d.texts.Text("ui.editor.name-empty", nil)
	case d.name != d.before.Name:
		for _, other := range d.view.Connections {
			if other.Machine == nil && other.ID != d.before.ID && strings.EqualFold(other.Name, d.name) {
				d.wrong[nameKey] = d.texts.Text("ui.editor.name-taken", language.Values{"Name": other.Name})
			}
		}
	}
}

// nameKey stands for the name beside the settings' keys.
const nameKey = "name"

// Value is what a setting is.
func (d *Draft) Value(key string) string { return d.values[key] }

// Set changes a setting. What is wrong with the value is said by Wrong.
func (d *Draft) Set(key, value string) {
	d.values[key] = value
	delete(d.wrong, key)
	var probe settings.Settings
	if err := probe.Set(key, value); err != nil {
		d.wrong[key] = d.explain(err)
		return
	}
	if value != "" {
		d.displace(key, value)
	}
}

// displace empties the settings whose place one takes: there is one certificate, in one place.
func (d *Draft) displace(key, value string) {
	var all settings.Settings
	for _, other := range settings.Keys() {
		if other.Name != key && d.wrong[other.Name] == "" {
			if err := all.Set(other.Name, d.values[other.Name]); err != nil {
				return // what is wrong by itself was said; together they are checked when they are saved
			}
		}
	}
	before := all.Clone()
	if err := all.Set(key, value); err != nil {
		return
	}
	for _, other := range settings.Keys() {
		if other.Name != key && before.Get(other.Name) != "" && all.Get(other.Name) == "" {
			d.values[other.Name] = ""
		}
	}
}

func (d *Draft) explain(err error) string {
	var value *settings.ValueError
	if errors.As(err, &value) {
		expected, _ := d.texts.Translate(value.Expected)
		return d.texts.Text("ui.editor.expected", language.Values{"Expected": expected})
	}
	return failure.Explain(d.texts, err).Sentence
}

// Wrong is what is wrong with a setting, or with the name; empty: nothing is.
func (d *Draft) Wrong(key string) string { return d.wrong[key] }

// Changed reports whether anything differs from how it was.
func (d *Draft) Changed() bool {
	if d.name != d.before.Name || d.changesProfile() {
		return true
	}
	for key, value := range d.values {
		if value != d.before.Settings.Get(key) {
			return true
		}
	}
	return false
}

// Valid reports whether the draft can be saved.
func (d *Draft) Valid() bool { return len(d.wrong) == 0 }

// Settings are the draft's, as far as they are valid.
func (d *Draft) Settings() (settings.Settings, error) {
	changed := d.before.Settings.Clone()
	var failures error
	for _, key := range settings.Keys() {
		if value := d.values[key.Name]; value != changed.Get(key.Name) {
			failures = errors.Join(failures, changed.Set(key.Name, value))
		}
	}
	return changed, failures
}

// Save keeps the draft in the store. Only what the user changed is written, so that a change made elsewhere meanwhile stays.
func (d *Draft) Save(into *store.Store) error {
	_, err := into.Change(d.before.ID, func(entry *store.Entry) error {
		entry.Name = d.name
		if d.changesProfile() {
			changed, err := d.changed(entry.Profile)
			if err != nil {
				return err
			}
			entry.Profile = changed
		}
		for _, key := range settings.Keys() {
			if value := d.values[key.Name]; value != d.before.Settings.Get(key.Name) {
				if err := entry.Settings.Set(key.Name, value); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return err
}
