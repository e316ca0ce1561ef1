//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"syscall"
)

// administered reports whether only root can have written a file or folder.
func administered(info fs.FileInfo) error {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok || status.Uid != 0 {
		return fmt.Errorf("%w: it does not belong to root", ErrUnsafe)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: its group or everybody may write to it", ErrUnsafe)
	}
	return nil
}
