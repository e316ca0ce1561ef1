package entra

import "context"

// openSystem lets macOS choose the browser.
func openSystem(ctx context.Context, address string) error {
	return start(ctx, "/usr/bin/open", address)
}
