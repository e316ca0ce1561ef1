package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// MaxSize bounds settings in JSON, in bytes.
const MaxSize = 1 << 20

// Parse reads settings in JSON. Unknown fields are refused: a setting that is not understood must not be left out silently.
func Parse(data []byte) (Settings, error) {
	var settings Settings
	if len(data) > MaxSize {
		return Settings{}, fmt.Errorf("read settings: more than %d bytes", MaxSize)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&settings); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Settings{}, errors.New("read settings: more follows the JSON value")
	}
	return settings, nil
}

// Apply returns a copy of a profile with the settings in it. Routes are added to the profile's; everything else replaces it.
func (s Settings) Apply(profile *profiles.Profile) (*profiles.Profile, error) {
	applied := *profile
	if len(s.DNSServers) > 0 {
		applied.DNS.Servers = slices.Clone(s.DNSServers)
	}
	if len(s.DNSSuffixes) > 0 {
		applied.DNS.Suffixes = slices.Clone(s.DNSSuffixes)
	}
	applied.IncludeRoutes = append(slices.Clone(profile.IncludeRoutes), s.IncludeRoutes...)
	applied.ExcludeRoutes = append(slices.Clone(profile.ExcludeRoutes), s.ExcludeRoutes...)
	if s.Transport != "" {
		applied.Transport = s.Transport
		applied.Servers = slices.Clone(profile.Servers)
		for i := range applied.Servers {
			applied.Servers[i].Transport = ""
		}
	}
	if s.Proxy != nil {
		applied.Proxy = &profiles.Proxy{Type: s.Proxy.Type, Host: s.Proxy.Host, Port: s.Proxy.Port, Username: s.Proxy.Username, Password: s.Proxy.Password}
	}
	if s.MTU != 0 {
		applied.OpenVPN.TunMTU = s.MTU
	}
	if s.SecondaryProfile != "" {
		applied.SecondaryProfile = s.SecondaryProfile
	}
	if s.Username != "" {
		applied.Authentication.Username = s.Username
	}
	for _, found := range profiles.Validate(&applied) {
		if found.Severity == finding.Fault {
			return nil, fmt.Errorf("apply settings: %w", found)
		}
	}
	return &applied, nil
}
