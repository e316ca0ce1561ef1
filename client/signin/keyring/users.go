package keyring

import (
	"context"
	"maps"
	"slices"
)

// Users are those whose passwords are kept for a profile's id, by name. It works even where keeping is not allowed: what was kept before can
// be forgotten.
func (p Passwords) Users(ctx context.Context, profile string) ([]string, error) {
	content, found, err := p.Keyring.Get(ctx, passwordsKey(profile))
	if err != nil || !found {
		return nil, err
	}
	return slices.Sorted(maps.Keys(parsePasswords(content).Users)), nil
}
