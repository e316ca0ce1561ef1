//go:build pkcs11 && cgo

package pkcs11

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/miekg/pkcs11"
)

// maxObjects bounds how many certificates of a token are read.
const maxObjects = 200

// defaultModule speaks for all tokens that are set up on a computer (p11-kit's proxy), as OpenSSL and GnuTLS have it.
const defaultModule = "p11-kit-proxy"

// modulePath is the library that a URI names.
func modulePath(uri URI) (string, error) {
	if uri.ModulePath != "" {
		return uri.ModulePath, nil
	}
	name := uri.ModuleName
	if name == "" {
		name = defaultModule
	}
	ending := ".so"
	if runtime.GOOS == "darwin" {
		ending = ".dylib"
	}
	for _, folder := range []string{"/usr/lib/*-linux-gnu*", "/usr/lib/*-linux-gnu*/pkcs11", "/usr/lib64", "/usr/lib64/pkcs11", "/usr/lib", "/usr/lib/pkcs11", "/usr/lib/softhsm", "/usr/local/lib", "/usr/local/lib/pkcs11", "/opt/homebrew/lib", "/opt/homebrew/lib/pkcs11"} {
		for _, prefix := range []string{"", "lib"} {
			found, err := filepath.Glob(filepath.Join(folder, prefix+name+ending))
			if err == nil && len(found) > 0 {
				return found[0], nil
			}
		}
	}
	return "", fmt.Errorf("%w: there is no library %s: name one with module-path", ErrModule, name)
}

// slot is a token as it presents itself before anyone has logged in.
type slot struct {
	number uint
	info   pkcs11.TokenInfo
}

func (s slot) has(flag uint) bool { return s.info.Flags&flag != 0 }

// object is a certificate on a token.
type object struct {
	certificate *x509.Certificate
	id, label   []byte
}

func (o object) fits(uri URI) bool {
	return (uri.Object == "" || uri.Object == string(o.label)) && (uri.ID == nil || bytes.Equal(uri.ID, o.id))
}

// withModule runs a function on a token's library and puts it away again. The library is one per process: where a connection uses it
// already, it stays.
func withModule(path string, do func(*pkcs11.Ctx) error) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%w: %w", ErrModule, err)
	}
	module := pkcs11.New(path)
	if module == nil {
		return fmt.Errorf("%w: %s is not a PKCS#11 library for this computer", ErrModule, path)
	}
	defer module.Destroy()
	switch err := module.Initialize(); {
	case errors.Is(err, pkcs11.Error(pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED)):
		return do(module)
	case err != nil:
		return fmt.Errorf("%w: initialize %s: %w", ErrModule, path, err)
	}
	return errors.Join(do(module), module.Finalize())
}

// findSlot finds the one token that fits a URI.
func findSlot(module *pkcs11.Ctx, uri URI) (slot, error) {
	numbers, err := module.GetSlotList(true)
	if err != nil {
		return slot{}, fmt.Errorf("list tokens: %w", err)
	}
	var found []slot
	for _, number := range numbers {
		info, err := module.GetTokenInfo(number)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue // just taken out, or empty
		}
		if (uri.SlotID == nil || *uri.SlotID == number) && fitsOrEmpty(uri.Token, info.Label) && fitsOrEmpty(uri.Serial, info.SerialNumber) &&
			fitsOrEmpty(uri.Manufacturer, info.ManufacturerID) && fitsOrEmpty(uri.Model, info.Model) {
			found = append(found, slot{number, info})
		}
	}
	switch len(found) {
	case 0:
		return slot{}, ErrNoToken
	case 1:
		return found[0], nil
	default:
		var labels []string
		for _, s := range found {
			labels = append(labels, s.info.Label)
		}
		return slot{}, fmt.Errorf("%w: %q", ErrSeveralTokens, labels)
	}
}

func fitsOrEmpty(wanted, is string) bool { return wanted == "" || wanted == is }

// certificates reads all certificates of a token. They are public, so nobody needs to log in.
func certificates(module *pkcs11.Ctx, number uint) (found []object, err error) {
	session, err := module.OpenSession(number, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return nil, fmt.Errorf("open token: %w", err)
	}
	defer func() { err = errors.Join(err, module.CloseSession(session)) }()
	template := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE), pkcs11.NewAttribute(pkcs11.CKA_CERTIFICATE_TYPE, pkcs11.CKC_X_509)}
	if err := module.FindObjectsInit(session, template); err != nil {
		return nil, fmt.Errorf("find certificates: %w", err)
	}
	handles, _, err := module.FindObjects(session, maxObjects)
	if err := errors.Join(err, module.FindObjectsFinal(session)); err != nil {
		return nil, fmt.Errorf("find certificates: %w", err)
	}
	for _, handle := range handles {
		attributes, err := module.GetAttributeValue(session, handle, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_VALUE, nil), pkcs11.NewAttribute(pkcs11.CKA_ID, nil), pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil)})
		if err != nil || len(attributes) != 3 {
			continue
		}
		if certificate, err := x509.ParseCertificate(attributes[0].Value); err == nil {
			found = append(found, object{certificate, attributes[1].Value, attributes[2].Value})
		}
	}
	return found, nil
}
