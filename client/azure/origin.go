package azure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// KeepOrigin notes in a store which gateway a profile is of, so that it can be compared with what Azure would generate later.
func KeepOrigin(target *store.Store, id string, g Gateway) error {
	entry, err := target.Get(id)
	if err != nil {
		return fmt.Errorf("keep gateway of profile: %w", err)
	}
	if strings.EqualFold(entry.Settings.AzureGateway, g.ID) {
		return nil
	}
	_, err = target.Update(id, func(s *settings.Settings) error {
		s.AzureGateway = g.ID
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep gateway of profile: %w", err)
	}
	return nil
}

// Usable is why no profile of the OpenVPN protocol can be had of the gateway, a *Problem; nil: one can.
func (g Gateway) Usable() error {
	if g.PointToSite == nil {
		return &Problem{Code: NoPointToSite, Subject: g.Name}
	}
	if slices.Contains(g.PointToSite.Protocols, OpenVPN) {
		return nil
	}
	problem := &Problem{Code: NoOpenVPN, Subject: g.Name}
	for _, protocol := range g.PointToSite.Protocols {
		problem.Names = append(problem.Names, string(protocol))
	}
	return problem
}
