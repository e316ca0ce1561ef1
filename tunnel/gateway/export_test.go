package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// Authority makes the tests' certificates available to those that see the package from outside.
type Authority struct{ *authority }

func NewAuthority(t testing.TB, name string) Authority { return Authority{newAuthority(t, name)} }

func (a Authority) ServerTLS() *tls.Config { return a.serverTLS() }

func (a Authority) ClientTLS(name string) *tls.Config { return a.clientTLS(name) }

// WriteClient writes ca, certificate and key files for a client of that name.
func (a Authority) WriteClient(folder, name string) (ca, cert, key string) {
	return a.write(folder, a.issue(name, x509.ExtKeyUsageClientAuth))
}
