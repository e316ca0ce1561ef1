package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"path/filepath"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// What is done with a token's certificates does not depend on the token.
func TestFromToken(t *testing.T) {
	authority := newAuthority(t, "root")
	keyA, keyB := mustEC(t), mustEC(t)
	a, b := authority.issue(t, "alice", keyA, nil), authority.issue(t, "bob", keyB, nil)
	token := &pkcs11.Token{Label: "card", Certificates: []*x509.Certificate{a, b, authority.intermediate},
		Identities: []pkcs11.Identity{{Certificate: a, Key: keyA}, {Certificate: b, Key: keyB}}}
	var requests []PassphraseRequest
	l := loader{profile: "Contoso", now: now, ask: func(_ context.Context, request PassphraseRequest) (secret.Text, error) {
		requests = append(requests, request)
		return "1234", nil
	}}
	l.openToken = func(ctx context.Context, uri string, ask pkcs11.PINFunc) (*pkcs11.Token, error) {
		if pin, err := ask(ctx, pkcs11.PINRequest{Token: "card", FinalTry: true}); err != nil || pin != "1234" || uri != "pkcs11:token=card" {
			t.Errorf("%v %q %s", err, pin, uri)
		}
		return token, nil
	}
	if _, err := l.fromToken(t.Context(), "pkcs11:token=card", ""); !errors.Is(err, ErrAmbiguous) {
		t.Error(err)
	}
	l.requirements.Thumbprint = Thumbprint(b)
	certificate, err := l.fromToken(t.Context(), "pkcs11:token=card", "")
	if err != nil || !certificate.Leaf.Equal(b) {
		t.Fatal(err)
	}
	connect(t, certificate, authority)
	if want := (PassphraseRequest{Profile: "Contoso", File: "card (one more wrong PIN locks it)", PIN: true}); len(requests) != 2 || requests[1] != want {
		t.Errorf("asked %+v", requests)
	}
	if err := Release(certificate); err != nil {
		t.Error(err)
	}
	if _, err := l.fromToken(t.Context(), "pkcs11:token=card", filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file of issuers that is not there was passed over")
	}
}

// Every kind has words of its own.
func TestExplanations(t *testing.T) {
	said := make(map[string]error)
	for _, e := range explanations() {
		if e.sentence == "" || e.remedy == "" {
			t.Errorf("%v has no words", e.kind)
		}
		if other, taken := said[e.sentence]; taken {
			t.Errorf("%v says the same as %v", e.kind, other)
		}
		said[e.sentence] = e.kind
		if sentence, _, ok := ExplainCertificate(&CertificateProblem{Kind: e.kind, Subject: "x"}); !ok || sentence != e.sentence {
			t.Errorf("%v: %q", e.kind, sentence)
		}
	}
	if _, _, ok := ExplainCertificate(errors.New("another")); ok {
		t.Error("an unknown error was explained")
	}
}

// Certificates that sign each other, and names that are used twice, lead nowhere wrong.
func TestPath(t *testing.T) {
	keyA, keyB := mustEC(t), mustEC(t)
	ca := func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }
	rootA := issue(t, "A", keyA, nil, nil, ca)
	rootB := issue(t, "B", keyB, nil, nil, ca)
	aByB, bByA := issue(t, "A", keyA, rootB, keyB, ca), issue(t, "B", keyB, rootA, keyA, ca)
	leaf := issue(t, "alice", mustEC(t), rootA, keyA, nil)
	if path := Path(leaf, []*x509.Certificate{aByB, bByA}); len(path) != 3 {
		t.Errorf("a circle: %d certificates", len(path))
	}
	impostor := issue(t, "A", keyB, nil, nil, ca)
	if path := Path(leaf, []*x509.Certificate{impostor, rootB, rootA}); len(path) != 2 || !path[1].Equal(rootA) {
		t.Errorf("an issuer of the same name was taken: %d certificates", len(path))
	}
	if path := Path(rootA, []*x509.Certificate{aByB}); len(path) != 1 {
		t.Errorf("a root has %d certificates", len(path))
	}
}
