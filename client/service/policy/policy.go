// Package policy is what an administrator decides about connections on a computer: who may connect, with what, and which settings hold.
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// DefaultPath is where an administrator puts the policy. Without the file everything is left to users.
const DefaultPath = "/etc/footbridge/policy.toml"

// MaxSize bounds a policy, in bytes.
const MaxSize = 1 << 20

// Policy is the administrator's file. The zero value of every field leaves it to the user.
type Policy struct {
	// MachineProfilesOnly lets users connect with machine profiles only.
	MachineProfilesOnly bool `toml:"machine_profiles_only"`
	// SavePasswords says whether users may keep passwords; nil: they may.
	SavePasswords *bool `toml:"save_passwords"`
	// AlwaysOn are ids or names of machine profiles that are kept connected and that users may not disconnect.
	AlwaysOn []string `toml:"always_on"`
	// Proxies are the only proxies, "host:port", that may be used; nil: any.
	Proxies []string `toml:"proxies"`
	// Operate says who may connect; nil: people who are logged in on this computer, and the group that the service was started with.
	Operate *People `toml:"operate"`
	// Observe says who may see that something runs; nil: everybody.
	Observe *People `toml:"observe"`
	// Settings hold for all profiles, whatever users set. The keys are those of "footbridge set".
	Settings map[string]string `toml:"settings"`
	// Profiles hold settings for single machine profiles, by id or name.
	Profiles map[string]ProfilePolicy `toml:"profiles"`
}

// People are those whom a rule is about.
type People struct {
	Users    []string `toml:"users"`     // names or numbers
	Groups   []string `toml:"groups"`    // names or numbers
	LoggedIn bool     `toml:"logged_in"` // also whoever is logged in on this computer
}

// ProfilePolicy is what holds for one machine profile.
type ProfilePolicy struct {
	Settings map[string]string `toml:"settings"`
}

// Read reads a policy file. Where there is none the policy is the zero value. trusted looks at the open file before its content is
// believed; nil: nothing does. An error says why the file cannot be followed; nobody may connect then, since what it forbids is not known.
func Read(path string, trusted func(fs.FileInfo) error) (*Policy, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return new(Policy), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && trusted != nil {
		err = trusted(info)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	return Parse(data)
}

// Parse reads a policy in TOML. What is not known is an error: a rule that is not understood must not be left out silently.
func Parse(data []byte) (*Policy, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("read policy: it has more than %d bytes", MaxSize)
	}
	policy := new(Policy)
	metadata, err := toml.NewDecoder(bytes.NewReader(data)).Decode(policy)
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return nil, fmt.Errorf("read policy: line %d: %s", syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if unknown := metadata.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("read policy: there is no rule %q", unknown[0].String())
	}
	return policy, policy.check()
}

// check tries everything out that is only used when somebody connects.
func (p *Policy) check() error {
	if err := force(&settings.Settings{}, p.Settings); err != nil {
		return fmt.Errorf("read policy: settings: %w", err)
	}
	for name, profile := range p.Profiles {
		if err := force(&settings.Settings{}, profile.Settings); err != nil {
			return fmt.Errorf("read policy: profiles.%q.settings: %w", name, err)
		}
	}
	for _, proxy := range p.Proxies {
		if host, port, found := strings.Cut(proxy, ":"); !found || host == "" || port == "" {
			return fmt.Errorf("read policy: proxies: %q is not host:port", proxy)
		}
	}
	return nil
}

// Force puts the administrator's settings into those of a profile, whose id and name are those of a machine profile or empty. What
// holds for one profile goes before what holds for all.
func (p *Policy) Force(id, name string, to *settings.Settings) error {
	forced := to.Clone()
	if err := force(&forced, p.Settings); err != nil {
		return err
	}
	for _, key := range []string{name, id} {
		if own, found := p.Profiles[key]; found && key != "" {
			if err := force(&forced, own.Settings); err != nil {
				return err
			}
		}
	}
	*to = forced
	return nil
}

func force(to *settings.Settings, values map[string]string) error {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := to.Set(key, values[key]); err != nil {
			return err
		}
	}
	return nil
}

// Locked are the keys of settings that users may not change, for all profiles.
func (p *Policy) Locked() []string {
	var keys []string
	for key := range p.Settings {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// IsAlwaysOn reports whether a machine profile is kept connected.
func (p *Policy) IsAlwaysOn(id, name string) bool {
	return slices.Contains(p.AlwaysOn, id) || slices.Contains(p.AlwaysOn, name)
}

// MaySavePasswords reports whether users may keep passwords.
func (p *Policy) MaySavePasswords() bool { return p.SavePasswords == nil || *p.SavePasswords }

// MayUseProxy reports whether a proxy may be used.
func (p *Policy) MayUseProxy(hostAndPort string) bool {
	return p.Proxies == nil || slices.ContainsFunc(p.Proxies, func(allowed string) bool { return strings.EqualFold(allowed, hostAndPort) })
}
