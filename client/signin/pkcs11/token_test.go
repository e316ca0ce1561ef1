//go:build pkcs11 && cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11/softhsm"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

func newIdentity(t *testing.T, name string) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

func TestOpen(t *testing.T) {
	module := softhsm.Module(t)
	softhsm.Folder(t)
	softhsm.NewToken(t, "my card")
	softhsm.NewToken(t, "spare")
	aliceKey, alice := newIdentity(t, "alice")
	bobKey, bob := newIdentity(t, "bob!")
	_, issuer := newIdentity(t, "issuer")
	softhsm.Import(t, "my card", "alice", 1, aliceKey, alice)
	softhsm.Import(t, "my card", "bob", 2, bobKey, bob)
	softhsm.Import(t, "my card", "issuer", 3, nil, issuer)
	pinFile := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(pinFile, []byte(softhsm.PIN+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []PINRequest
	answers := func(pins ...secret.Text) PINFunc {
		asked = nil
		return func(_ context.Context, request PINRequest) (secret.Text, error) {
			asked = append(asked, request)
			if len(asked) > len(pins) {
				return "", context.Canceled
			}
			return pins[len(asked)-1], nil
		}
	}
	at := "?module-path=" + module
	for name, test := range map[string]struct {
		uri  string
		want []*x509.Certificate
		ask  PINFunc
		asks int
	}{
		"all":            {"pkcs11:token=my%20card" + at, []*x509.Certificate{alice, bob}, answers(softhsm.PIN), 1},
		"by label":       {"pkcs11:token=my%20card;object=bob" + at, []*x509.Certificate{bob}, answers(softhsm.PIN), 1},
		"by id":          {"pkcs11:token=my%20card;id=%01;type=cert" + at, []*x509.Certificate{alice}, answers(softhsm.PIN), 1},
		"by module name": {"pkcs11:token=my%20card;id=%01?module-name=softhsm2", []*x509.Certificate{alice}, answers(softhsm.PIN), 1},
		"PIN from file":  {"pkcs11:token=my%20card;id=%01" + at + "&pin-source=" + pinFile, []*x509.Certificate{alice}, nil, 0},
	} {
		asked = nil
		token, err := Open(t.Context(), test.uri, test.ask)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if token.Label != "my card" || len(token.Certificates) != 3 || len(token.Identities) != len(test.want) || len(asked) != test.asks {
			t.Errorf("%s: %+v, asked %+v", name, token, asked)
		}
		for _, identity := range token.Identities {
			digest := sha256.Sum256([]byte(name))
			signature, err := identity.Key.Sign(rand.Reader, digest[:], crypto.SHA256)
			if err != nil || !ecdsa.VerifyASN1(identity.Certificate.PublicKey.(*ecdsa.PublicKey), digest[:], signature) {
				t.Errorf("%s: sign: %v", name, err)
			}
		}
		if err := token.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
	if token, err := Open(t.Context(), "pkcs11:token=my%20card;id=%01"+at, answers("000000", softhsm.PIN)); err != nil || len(asked) != 2 || asked[0] != (PINRequest{Token: "my card"}) || !asked[1].Wrong {
		t.Errorf("a second try: %v, asked %+v", err, asked)
	} else if err := token.Close(); err != nil {
		t.Error(err)
	}
	for name, test := range map[string]struct {
		uri  string
		ask  PINFunc
		want error
	}{
		"no module":         {"pkcs11:token=my%20card?module-path=/nowhere.so", nil, ErrModule},
		"no module's name":  {"pkcs11:token=my%20card?module-name=nowhere", nil, ErrModule},
		"not a module":      {"pkcs11:token=my%20card?module-path=/etc/passwd", nil, ErrModule},
		"no such token":     {"pkcs11:token=other" + at, nil, ErrNoToken},
		"several tokens":    {"pkcs11:model=SoftHSM%20v2" + at, nil, ErrSeveralTokens},
		"no such object":    {"pkcs11:token=my%20card;object=carol" + at, nil, ErrNoIdentity},
		"an empty token":    {"pkcs11:token=spare" + at, nil, ErrNoIdentity},
		"no key":            {"pkcs11:token=my%20card;object=issuer" + at, answers(softhsm.PIN), ErrNoIdentity},
		"nobody to ask":     {"pkcs11:token=my%20card" + at, nil, ErrWrongPIN},
		"nobody answers":    {"pkcs11:token=my%20card" + at, answers(), context.Canceled},
		"wrong PINs":        {"pkcs11:token=my%20card" + at, answers("000000", "1", "000001", softhsm.PIN), ErrWrongPIN},
		"no file for a PIN": {"pkcs11:token=my%20card" + at + "&pin-source=/nowhere", answers(softhsm.PIN), ErrPINFile},
	} {
		asked = nil
		if token, err := Open(t.Context(), test.uri, test.ask); !errors.Is(err, test.want) || token != nil || strings.Contains(err.Error(), "000000") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Two connections use the same library at the same time, and the one outlives the other.
func TestOpenTwice(t *testing.T) {
	module := softhsm.Module(t)
	softhsm.Folder(t)
	ask := func(context.Context, PINRequest) (secret.Text, error) { return softhsm.PIN, nil }
	var tokens []*Token
	for _, label := range []string{"one", "two"} {
		softhsm.NewToken(t, label)
		key, certificate := newIdentity(t, label)
		softhsm.Import(t, label, "key", 1, key, certificate)
	}
	for _, label := range []string{"one", "two"} {
		token, err := Open(t.Context(), "pkcs11:token="+label+"?module-path="+module, ask)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token)
	}
	if err := tokens[0].Close(); err != nil {
		t.Error(err)
	}
	digest := sha256.Sum256(nil)
	if _, err := tokens[1].Identities[0].Key.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
		t.Error(err)
	}
	if err := tokens[1].Close(); err != nil {
		t.Error(err)
	}
}
