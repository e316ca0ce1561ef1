//go:build !linux && !darwin && !windows

package entra

import (
	"context"
	"errors"
	"os"
)

// openSystem tries $BROWSER and xdg-open.
func openSystem(ctx context.Context, address string) error {
	failed := errNoBrowser
	for _, command := range append(fromBrowserVariable(os.Getenv("BROWSER"), address), []string{"xdg-open", address}) {
		err := start(ctx, command[0], command[1:]...)
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
	}
	return failed
}
