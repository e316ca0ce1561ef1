package dns

import (
	"context"
	"errors"
	"fmt"
)

// Cleanup takes back what tunnels left whose processes are gone, found by our marks in the files and entries themselves.
func Cleanup(ctx context.Context, env Environment) error {
	var failures []error
	if data := readLimited(env.path(resolvConf)); isOurs(data) || exists(env.path(original)) {
		if err := env.changeFile("", nil); err != nil {
			failures = append(failures, fmt.Errorf("restore resolv.conf: %w", err))
		}
	}
	if exists(env.path(dropIn)) {
		if _, err := env.changeDropIn(ctx, "", nil); err != nil {
			failures = append(failures, fmt.Errorf("restore NetworkManager: %w", err))
		}
	}
	return errors.Join(errors.Join(failures...), env.removeDeadEntries(ctx))
}

// Undo takes back what one tunnel left whose process is gone, as it was recorded. Together with Cleanup it leaves nothing
// also where our marks cannot be found.
func Undo(ctx context.Context, env Environment, mode Mode, device string) error {
	if mode == Resolvconf || mode == Openresolv {
		return env.removeEntry(ctx, entryName(device))
	}
	return nil
}
