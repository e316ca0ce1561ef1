package client

import (
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// ManagedOptions says for a device management what is set for a profile.
func ManagedOptions(set settings.Settings) profiles.ManagedOptions {
	options := profiles.ManagedOptions{Remember: true}
	options.AutoConnect = set.AutoConnect
	for _, network := range set.TrustedNetworks {
		if network.Probe != "" {
			options.TrustedProbes = append(options.TrustedProbes, network.Probe)
		} else {
			options.TrustedNetworks = append(options.TrustedNetworks, network.DNSSuffix)
		}
	}
	return options
}
