package signin

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin/pkcs11"
)

// What can be wrong with a client certificate. Test with errors.Is.
var (
	ErrNoSource        = errors.New("no client certificate is chosen")
	ErrNoCertificate   = errors.New("no certificate in the file")
	ErrNoKey           = errors.New("no private key in the file")
	ErrEncryptedKey    = errors.New("the private key is encrypted")
	ErrWrongPassword   = errors.New("the password does not open the private key")
	ErrKeyMismatch     = errors.New("the private key does not belong to the certificate")
	ErrUnsupportedKey  = errors.New("the private key is kept in a way that is not supported")
	ErrUnreadable      = errors.New("the file is damaged or of another kind")
	ErrNotDER          = errors.New("the PKCS#12 file is not in the DER encoding")
	ErrExpired         = errors.New("the certificate has expired")
	ErrNotYetValid     = errors.New("the certificate is not valid yet")
	ErrNotForClients   = errors.New("the certificate is not for client authentication")
	ErrWrongThumbprint = errors.New("the certificate is not the one that the profile names")
	ErrWrongIssuer     = errors.New("the certificate is not from the issuer that the profile names")
	ErrUnknownRoot     = errors.New("the certificate does not lead to a root that the gateway knows")
	ErrAmbiguous       = errors.New("several certificates fit")
)

// CertificateProblem is what is wrong with a client certificate or with the file that should hold one. Its texts hold no secret.
type CertificateProblem struct {
	Kind    error  // one of the values above
	Subject string // the certificate's common name, or the file
	Detail  string // what exactly was seen; may be empty
}

// Error implements error: what is wrong, with which file or certificate.
func (p *CertificateProblem) Error() string {
	text := p.Kind.Error()
	switch {
	case p.Detail == "":
	case errors.Is(p.Kind, ErrExpired):
		text += " " + p.Detail
	default:
		text += ": " + p.Detail
	}
	if p.Subject != "" {
		text += " (" + p.Subject + ")"
	}
	return text
}

// Unwrap returns the kind.
func (p *CertificateProblem) Unwrap() error { return p.Kind }

// PassphraseError says that a file with a private key needs a passphrase, or that the one given does not open it. It is ErrEncryptedKey
// or ErrWrongPassword.
type PassphraseError struct {
	File  string // empty: a key inside a profile
	Wrong bool
}

// Error implements error.
func (e *PassphraseError) Error() string {
	file := e.File
	if file == "" {
		file = "the private key in the profile"
	}
	if e.Wrong {
		return "the passphrase does not open " + file
	}
	return file + " needs a passphrase"
}

// Is tells errors.Is which of the two it is.
func (e *PassphraseError) Is(target error) bool {
	return e.Wrong && target == ErrWrongPassword || !e.Wrong && target == ErrEncryptedKey
}

// AmbiguousCertificateError lists certificates of which several fit and none is plainly the newer of another. It is ErrAmbiguous.
type AmbiguousCertificateError struct {
	Candidates []CertificateCandidate
}

// CertificateCandidate is one certificate to choose from.
type CertificateCandidate struct {
	Subject    string
	Issuer     string
	Thumbprint string // SHA-1, lower-case hex
	NotAfter   time.Time
	Source     string // the file, or the token's label
}

// Error implements error with one candidate a line.
func (e *AmbiguousCertificateError) Error() string {
	lines := []string{ErrAmbiguous.Error() + ":"}
	for _, c := range e.Candidates {
		lines = append(lines, fmt.Sprintf("  %s  %s, from %s, until %s (%s)", c.Thumbprint, c.Subject, c.Issuer, c.NotAfter.UTC().Format(time.DateOnly), c.Source))
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns ErrAmbiguous.
func (e *AmbiguousCertificateError) Unwrap() error { return ErrAmbiguous }

func candidateOf(leaf *x509.Certificate, source string) CertificateCandidate {
	return CertificateCandidate{Subject: nameOf(leaf), Issuer: issuerOf(leaf), Thumbprint: Thumbprint(leaf), NotAfter: leaf.NotAfter, Source: source}
}

// explanation is how a person is told of one kind of problem.
type explanation struct {
	kind             error
	sentence, remedy string
}

func explanations() []explanation {
	return []explanation{
		{ErrCancelled, "The passphrase was not given.", "Connect again when you have it."},
		{ErrNobodyToAsk, "A passphrase is needed, and there is nobody to ask.", "Connect from a terminal or the desktop app."},
		{ErrNoSource, "No client certificate is chosen for this connection.", "Choose a certificate file, a PKCS#12 file or a token in the connection's settings."},
		{ErrNoCertificate, "There is no certificate in the file.", "Choose the file that holds your client certificate, or ask your helpdesk for it."},
		{ErrNoKey, "There is no private key for the certificate.", "Choose the file that holds the private key as well, or export the certificate again together with its private key."},
		{ErrEncryptedKey, "The private key is protected by a passphrase.", "Type the passphrase that came with the file."},
		{ErrWrongPassword, "The passphrase does not open the private key.", "Type the passphrase that came with the file; capital and small letters differ."},
		{ErrKeyMismatch, "The private key does not belong to the certificate.", "Choose the private key that was made together with this certificate."},
		{ErrUnsupportedKey, "The private key is kept in a way that is not supported.", "Write it anew with: openssl pkcs8 -topk8 -v2 aes256 -in KEY -out NEWKEY"},
		{ErrUnreadable, "The file is damaged, or it is not a certificate file.", "Choose a PEM or PKCS#12 file, or ask for the file again."},
		{ErrNotDER, "The PKCS#12 file is in an encoding that is not supported; Firefox and NSS write it.", "Write it anew with: openssl pkcs12 -in FILE -out NEWFILE.pem"},
		{ErrExpired, "The client certificate has expired.", "Ask your helpdesk for a new certificate."},
		{ErrNotYetValid, "The client certificate is not valid yet.", "Check this computer's date and time; if they are right, wait or ask your helpdesk for a new certificate."},
		{ErrNotForClients, "The certificate is not made for signing in (it has no client authentication among its uses).", "Ask your helpdesk for a client certificate."},
		{ErrWrongThumbprint, "The certificate is not the one that the profile names.", "Choose the certificate with the thumbprint that the profile names, or take the thumbprint out of the profile."},
		{ErrWrongIssuer, "The certificate is not from the issuer that the profile names.", "Choose a certificate of that issuer, or take the issuer out of the profile."},
		{ErrUnknownRoot, "The certificate does not lead to a root certificate that the gateway knows.", "Ask the administrator to add its root certificate to the gateway, or get a certificate from a root that is there. If certificates in between are missing, export it again with all certificates in the path."},
		{ErrAmbiguous, "Several certificates fit, and none is plainly the right one.", "Name one of them by its thumbprint in the connection's settings."},
		{pkcs11.ErrNotBuilt, "This build of Footbridge cannot use smart cards and other PKCS#11 tokens.", "Install a build with PKCS#11, or make one with: CGO_ENABLED=1 go build -tags pkcs11 ./cmd/footbridge"},
		{pkcs11.ErrURI, "The address of the token (pkcs11:…) cannot be understood.", "Copy it again from the token's tool, such as: p11tool --list-tokens"},
		{pkcs11.ErrModule, "The program library of the token cannot be used.", "Install the library that came with the token, and name it in the address: ?module-path=/path/to/library.so"},
		{pkcs11.ErrNoToken, "The token is not there.", "Plug the token in, or check its name in the address (pkcs11:token=…)."},
		{pkcs11.ErrSeveralTokens, "Several tokens fit the address.", "Name one of them in the address (pkcs11:token=…)."},
		{pkcs11.ErrWrongPIN, "The PIN is wrong.", "Type the token's PIN. Too many wrong tries lock the token."},
		{pkcs11.ErrPINLocked, "The token is locked after too many wrong PINs.", "Unlock it with the token's own tool, or ask whoever gave it to you."},
		{pkcs11.ErrFinalTry, "One more wrong PIN locks the token.", "Make sure of the PIN with the token's own tool, then connect again."},
		{pkcs11.ErrPINFile, "The file with the token's PIN cannot be used.", "Let it be an ordinary file of yours that nobody else can read (chmod 600)."},
		{pkcs11.ErrNoIdentity, "The token holds no certificate with a private key that fits.", "Check the name or id in the address (object=…, id=…), or put the certificate onto the token."},
	}
}

// ExplainCertificate says in plain words what went wrong while a client certificate was got, and what to do. ok is false where the error
// is of another kind, such as a file that is not there.
func ExplainCertificate(err error) (sentence, remedy string, ok bool) {
	for _, e := range explanations() {
		if errors.Is(err, e.kind) {
			return e.sentence, e.remedy, true
		}
	}
	return "", "", false
}
