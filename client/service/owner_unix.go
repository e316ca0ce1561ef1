//go:build unix

package service

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ownedByAdministrator refuses what belongs to anyone but root and the service's own user.
func ownedByAdministrator(info fs.FileInfo) error {
	status, ok := info.Sys().(*syscall.Stat_t)
	if !ok || status.Uid != 0 && int(status.Uid) != os.Getuid() {
		return fmt.Errorf("%s must belong to root", info.Name())
	}
	return nil
}

// trustPolicy believes a policy that only root can have written.
func trustPolicy(info fs.FileInfo) error {
	if info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s may be written by others than root", info.Name())
	}
	return ownedByAdministrator(info)
}
