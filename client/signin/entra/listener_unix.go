//go:build unix

package entra

import (
	"errors"
	"syscall"
)

// isMissing reports whether this computer has no such address.
func isMissing(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
