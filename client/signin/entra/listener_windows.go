package entra

import (
	"errors"

	"golang.org/x/sys/windows"
)

// isMissing reports whether this computer has no such address.
func isMissing(err error) bool {
	return errors.Is(err, windows.WSAEADDRNOTAVAIL) || errors.Is(err, windows.WSAEAFNOSUPPORT)
}
