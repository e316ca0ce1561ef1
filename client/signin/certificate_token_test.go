//go:build pkcs11 && cgo

package signin

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11"
	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11/softhsm"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// Keys that never leave their token open the same connections as keys in files.
func TestMatrixOfTokens(t *testing.T) {
	module := softhsm.Module(t)
	softhsm.Folder(t)
	softhsm.NewToken(t, "card")
	authority := newAuthority(t, "Token root")
	softhsm.Import(t, "card", "issuer", 99, nil, authority.intermediate)
	for i, kind := range keyTypes() {
		t.Run(kind.name, func(t *testing.T) {
			key, err := kind.make()
			if err != nil {
				t.Fatal(err)
			}
			leaf := authority.issue(t, "alice with "+kind.name, key, nil)
			softhsm.Import(t, "card", kind.name, byte(i), key, leaf)
			var asked []PassphraseRequest
			selection := CertificateSelection{Profile: "Contoso", PKCS11URI: "pkcs11:token=card?module-path=" + module, Time: now,
				Requirements: CertificateRequirements{Thumbprint: Thumbprint(leaf), Roots: []*x509.Certificate{authority.root}}}
			certificate, err := Load(t.Context(), selection, func(_ context.Context, request PassphraseRequest) (secret.Text, error) {
				asked = append(asked, request)
				return softhsm.PIN, nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(asked) != 1 || asked[0] != (PassphraseRequest{Profile: "Contoso", File: "card", PIN: true}) {
				t.Errorf("asked %+v", asked)
			}
			connect(t, certificate, authority)
			if err := Release(certificate); err != nil {
				t.Error(err)
			}
			if _, err := certificate.PrivateKey.(crypto.Signer).Sign(nil, make([]byte, 32), crypto.SHA256); err == nil {
				t.Error("the key still signs")
			}
		})
	}
}

// Issuers that are not on the token come from a file; what does not fit is said before and after the PIN.
func TestTokenWithIssuersFile(t *testing.T) {
	module := softhsm.Module(t)
	softhsm.Folder(t)
	softhsm.NewToken(t, "card")
	authority := newAuthority(t, "Token root")
	key := mustEC(t)
	leaf := authority.issue(t, "alice", key, nil)
	softhsm.Import(t, "card", "alice", 1, key, leaf)
	issuers := writeFile(t, filepath.Join(t.TempDir(), "issuers.pem"), certificatePEM(authority.root, authority.intermediate))
	selection := CertificateSelection{CertificateFile: issuers, PKCS11URI: "pkcs11:token=card?module-path=" + module, Time: now}
	certificate, err := Load(t.Context(), selection, answer(softhsm.PIN))
	if err != nil {
		t.Fatal(err)
	}
	connect(t, certificate, authority)
	if err := Release(certificate); err != nil {
		t.Error(err)
	}
	for want, change := range map[error]func(*CertificateSelection){
		ErrWrongThumbprint: func(s *CertificateSelection) { s.Requirements.Thumbprint = Thumbprint(authority.root) },
		ErrUnknownRoot: func(s *CertificateSelection) {
			s.CertificateFile, s.Requirements.Roots = "", []*x509.Certificate{authority.root}
		},
		pkcs11.ErrNoToken:    func(s *CertificateSelection) { s.PKCS11URI = "pkcs11:token=other?module-path=" + module },
		pkcs11.ErrNoIdentity: func(s *CertificateSelection) { s.PKCS11URI = "pkcs11:object=other?module-path=" + module },
	} {
		wrong := selection
		change(&wrong)
		_, err := Load(t.Context(), wrong, answer(softhsm.PIN))
		if sentence, remedy, ok := ExplainCertificate(err); !errors.Is(err, want) || !ok || sentence == "" || remedy == "" {
			t.Errorf("%v, want %v: %s %s", err, want, sentence, remedy)
		}
	}
	if _, err := Load(t.Context(), selection, nil); !errors.Is(err, ErrNobodyToAsk) {
		t.Error(err)
	}
}
