//go:build !windows

package instance

import (
	"errors"
	"net"
	"os"
	"path/filepath"
)

// socket is what the first start listens on, in its user's own folder.
func socket(dir string) string { return filepath.Join(dir, "window.sock") }

// listen takes the place of a first start that is gone.
func listen(dir string) (net.Listener, error) {
	if err := os.Remove(socket(dir)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return net.Listen("unix", socket(dir))
}

func dial(dir string) (net.Conn, error) { return net.DialTimeout("unix", socket(dir), answerLimit) }
