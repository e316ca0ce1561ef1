package client

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// ManagedSettings are a profile's settings with what a device management, or the client that it comes from, says about it; nil: it says
// nothing.
func ManagedSettings(target *store.Store, name string, managed profiles.Management) *settings.Settings {
	var set settings.Settings
	if entry, err := target.Find(name); err == nil && entry.Name == name {
		set = entry.Settings.Clone()
	}
	return WithManagement(set, managed)
}

// WithManagement adds to settings what a device management says; nil: it says nothing.
func WithManagement(set settings.Settings, managed profiles.Management) *settings.Settings {
	said := false
	if managed.AutoConnect {
		set.AutoConnect, said = true, true
	}
	for _, suffix := range managed.TrustedNetworks {
		set.TrustedNetworks, said = addTrusted(set.TrustedNetworks, settings.TrustedNetwork{DNSSuffix: strings.ToLower(suffix)}), true
	}
	for _, probe := range managed.TrustedProbes {
		set.TrustedNetworks, said = addTrusted(set.TrustedNetworks, settings.TrustedNetwork{Probe: probe}), true
	}
	if filepath.IsAbs(managed.CertificateFile) && set.Certificate == nil {
		set.Certificate, said = &settings.CertificateSource{CertificateFile: managed.CertificateFile, KeyFile: managed.KeyFile}, true
	}
	if !said || set.Validate() != nil {
		return nil
	}
	return &set
}

func addTrusted(list []settings.TrustedNetwork, network settings.TrustedNetwork) []settings.TrustedNetwork {
	if slices.Contains(list, network) {
		return list
	}
	return append(list, network)
}
