package signin

import (
	"cmp"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// CertificateSelection says where the user's client certificate is and which one it must be. A file or token goes before what is inside
// the profile.
type CertificateSelection struct {
	Profile         string // name, for whoever is asked for a passphrase
	CertificateFile string // PEM, PKCS#12, or a folder of such files; with PKCS11URI: the issuers that are not on the token
	KeyFile         string // the private key, where it is not in CertificateFile
	PKCS12File      string
	PKCS11URI       string // RFC 7512

	Certificate secret.Text // inside the profile: PEM
	Key         secret.Text // inside the profile: PEM
	PKCS12      secret.Text // inside the profile: the raw file

	Requirements CertificateRequirements
	Time         time.Time // at which the certificate must be valid; zero: now
}

// SelectionFor is what a profile and its user's settings say of the client certificate. source may be nil; what it says goes before what
// the profile says.
func SelectionFor(profile *profiles.Profile, source *settings.CertificateSource) CertificateSelection {
	authentication := profile.Authentication
	selection := CertificateSelection{Profile: profile.Name, Certificate: authentication.ClientCert, Key: authentication.ClientKey, PKCS12: authentication.PKCS12}
	if wanted := authentication.Certificate; wanted != nil {
		selection.Requirements = CertificateRequirements{Thumbprint: wanted.Thumbprint, Issuer: wanted.Issuer}
	}
	if source == nil {
		return selection
	}
	selection.CertificateFile, selection.KeyFile = cmp.Or(source.CertificateFile, source.Folder), source.KeyFile
	selection.PKCS12File, selection.PKCS11URI = source.PKCS12File, source.PKCS11URI
	selection.Requirements.Thumbprint = cmp.Or(source.Thumbprint, selection.Requirements.Thumbprint)
	selection.Requirements.Issuer = cmp.Or(source.Issuer, selection.Requirements.Issuer)
	return selection
}

// Load gets the client certificate of a selection, checked, with its private key and the issuers in between that a gateway needs. ask is
// called for passphrases and PINs, and may be nil. ExplainCertificate has plain words for the errors. A key on a token stays usable until
// Release.
func Load(ctx context.Context, selection CertificateSelection, ask PassphraseFunc) (*tls.Certificate, error) {
	l := loader{ask: ask, openToken: pkcs11.Open, profile: selection.Profile, requirements: selection.Requirements, now: selection.Time}
	if l.now.IsZero() {
		l.now = time.Now()
	}
	if selection.PKCS11URI != "" {
		return l.fromToken(ctx, selection.PKCS11URI, selection.CertificateFile)
	}
	chosen, err := l.fromFiles(ctx, selection)
	if err != nil {
		return nil, fmt.Errorf("load client certificate: %w", err)
	}
	return send(chosen.path, chosen.signer), nil
}

// Release gives back the token that a certificate's key is on. The key cannot be used any more. For other keys it does nothing.
func Release(certificate *tls.Certificate) error {
	if closer, ok := certificate.PrivateKey.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

type loader struct {
	ask          PassphraseFunc
	openToken    func(context.Context, string, pkcs11.PINFunc) (*pkcs11.Token, error)
	profile      string
	requirements CertificateRequirements
	now          time.Time
}

func (l loader) unlocking(file string) unlocking {
	return unlocking{ask: l.ask, request: PassphraseRequest{Profile: l.profile, File: file}}
}

func (l loader) fromFiles(ctx context.Context, selection CertificateSelection) (identity, error) {
	file := selection.CertificateFile
	if file == "" {
		file = selection.PKCS12File
	} else if selection.PKCS12File != "" {
		return identity{}, errors.New("a certificate file and a PKCS#12 file are both named: name one")
	}
	if file == "" {
		return l.fromProfile(ctx, selection)
	}
	info, err := os.Stat(file)
	if err != nil {
		return identity{}, fmt.Errorf("open certificate file: %w", err)
	}
	if info.IsDir() {
		return l.fromFolder(ctx, file)
	}
	data, err := readBounded(file)
	if err != nil {
		return identity{}, err
	}
	return l.fromData(ctx, file, data, selection.KeyFile)
}

// fromProfile takes what is inside the profile; the key may be in a file of the user's.
func (l loader) fromProfile(ctx context.Context, selection CertificateSelection) (identity, error) {
	switch {
	case selection.PKCS12 != "":
		return l.fromData(ctx, "", []byte(selection.PKCS12.Reveal()), "")
	case selection.Certificate != "" && selection.KeyFile != "":
		return l.fromData(ctx, "", []byte(selection.Certificate.Reveal()), selection.KeyFile)
	case selection.Certificate != "":
		return l.fromData(ctx, "", []byte(selection.Certificate.Reveal()+"\n"+selection.Key.Reveal()), "")
	case selection.KeyFile != "":
		return identity{}, &CertificateProblem{Kind: ErrNoCertificate, Detail: "only a private key is named", Subject: selection.KeyFile}
	default:
		return identity{}, ErrNoSource
	}
}

// fromData takes the certificates from data, and the key from a file of its own where one is named.
func (l loader) fromData(ctx context.Context, file string, data []byte, keyFile string) (identity, error) {
	var contents Contents
	var err error
	if keyFile != "" && keyFile != file {
		contents, err = l.separate(ctx, data, keyFile)
	} else {
		contents, err = l.unlocking(file).open(ctx, data)
	}
	if err != nil {
		return identity{}, named(err, file)
	}
	switch identities := contents.identities(file); {
	case len(contents.Certificates) == 0:
		return identity{}, &CertificateProblem{Kind: ErrNoCertificate, Subject: file}
	case len(contents.Keys) == 0:
		return identity{}, &CertificateProblem{Kind: ErrNoKey, Subject: file}
	case len(identities) == 0:
		return identity{}, &CertificateProblem{Kind: ErrKeyMismatch, Subject: nameOf(contents.Certificates[0])}
	default:
		return choose(identities, l.requirements, l.now)
	}
}

// separate reads certificates and key apart. A locked key beside the certificates is not the one that was named.
func (l loader) separate(ctx context.Context, data []byte, keyFile string) (Contents, error) {
	contents, err := ParseContents(data, "")
	if isLocked(err) {
		contents.Certificates, err = parseCertificates(data)
	}
	if err != nil {
		return Contents{}, err
	}
	key, err := readBounded(keyFile)
	if err != nil {
		return Contents{}, err
	}
	keys, err := l.unlocking(keyFile).open(ctx, key)
	if err != nil {
		return Contents{}, named(err, keyFile)
	}
	if len(keys.Keys) == 0 {
		return Contents{}, &CertificateProblem{Kind: ErrNoKey, Subject: keyFile}
	}
	contents.Keys = keys.Keys
	return contents, nil
}

// tokenKey is a key that is used where it is kept.
type tokenKey struct {
	crypto.Signer
	token *pkcs11.Token
}

// Close ends the use of the token.
func (k tokenKey) Close() error { return k.token.Close() }

func (l loader) fromToken(ctx context.Context, uri, issuersFile string) (*tls.Certificate, error) {
	var issuers []*x509.Certificate
	if issuersFile != "" {
		data, err := readBounded(issuersFile)
		if err != nil {
			return nil, err
		}
		if issuers, err = parseCertificates(data); err != nil {
			return nil, named(err, issuersFile)
		}
	}
	token, err := l.openToken(ctx, uri, func(ctx context.Context, request pkcs11.PINRequest) (secret.Text, error) {
		if l.ask == nil {
			return "", ErrNobodyToAsk
		}
		label := request.Token
		if request.FinalTry {
			label += " (one more wrong PIN locks it)"
		}
		return l.ask(ctx, PassphraseRequest{Profile: l.profile, File: label, PIN: true, Wrong: request.Wrong})
	})
	if err != nil {
		return nil, fmt.Errorf("load client certificate from token: %w", err)
	}
	var identities []identity
	for _, found := range token.Identities {
		path := Path(found.Certificate, append(issuers, token.Certificates...))
		identities = append(identities, identity{path, found.Key, token.Label})
	}
	chosen, err := choose(identities, l.requirements, l.now)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("load client certificate from token: %w", err), token.Close())
	}
	return send(chosen.path, tokenKey{chosen.signer, token}), nil
}
