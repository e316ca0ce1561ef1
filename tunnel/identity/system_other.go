//go:build !linux

package identity

import "crypto/x509"

// SystemRoots cannot list the roots here: the system verifies chains itself, and fetches roots when they are needed.
func SystemRoots() ([]*x509.Certificate, error) { return nil, errNotListed }
