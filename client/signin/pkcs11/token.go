//go:build pkcs11 && cgo

package pkcs11

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"

	"github.com/ThalesGroup/crypto11"
	"github.com/miekg/pkcs11"
)

// Available tells whether this build can use tokens.
const Available = true

const (
	maxSessions = 8 // with a token at once; it signs once a handshake
	pinAsks     = 3 // how often a person is asked for a PIN. Tokens lock after three wrong ones or more
)

// opening lets one caller at a time look through a library: C_Initialize and C_Finalize are for the whole process.
var opening sync.Mutex

func open(ctx context.Context, uri URI, ask PINFunc) (*Token, error) {
	opening.Lock()
	defer opening.Unlock()
	path, err := modulePath(uri)
	if err != nil {
		return nil, err
	}
	var chosen slot
	var objects []object
	look := func(module *pkcs11.Ctx) (err error) {
		if chosen, err = findSlot(module, uri); err == nil {
			objects, err = certificates(module, chosen.number)
		}
		return err
	}
	if err := withModule(path, look); err != nil {
		return nil, fmt.Errorf("open PKCS#11 token: %w", err)
	}
	token := &Token{Label: chosen.info.Label}
	var wanted []object
	for _, o := range objects {
		token.Certificates = append(token.Certificates, o.certificate)
		if o.fits(uri) {
			wanted = append(wanted, o)
		}
	}
	if len(wanted) == 0 { // before anyone types a PIN
		return nil, fmt.Errorf("open PKCS#11 token %s: %w", token.Label, ErrNoIdentity)
	}
	login := login{path: path, uri: uri, slot: chosen, ask: ask}
	session, err := login.in(ctx)
	if err != nil {
		return nil, fmt.Errorf("open PKCS#11 token %s: %w", token.Label, err)
	}
	token.session = session
	for _, o := range wanted {
		if key := keyOf(session, o); key != nil {
			token.Identities = append(token.Identities, Identity{o.certificate, key})
		}
	}
	if len(token.Identities) == 0 {
		return nil, errors.Join(fmt.Errorf("open PKCS#11 token %s: %w", token.Label, ErrNoIdentity), token.Close())
	}
	return token, nil
}

// keyOf finds the key of a certificate: it has the same id, or else the same label.
func keyOf(session *crypto11.Context, o object) crypto.Signer {
	var keys []crypto11.Signer
	if len(o.id) > 0 {
		keys, _ = session.FindKeyPairs(o.id, nil)
	}
	if len(keys) == 0 && len(o.label) > 0 {
		keys, _ = session.FindKeyPairs(nil, o.label)
	}
	for _, key := range keys {
		if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && public.Equal(o.certificate.PublicKey) {
			return key
		}
	}
	return nil
}

// login opens a token with the PIN from a file or from a person.
type login struct {
	path string
	uri  URI
	slot slot
	ask  PINFunc
}

func (l login) in(ctx context.Context) (*crypto11.Context, error) {
	switch {
	case !l.slot.has(pkcs11.CKF_LOGIN_REQUIRED):
		return l.try("")
	case l.slot.has(pkcs11.CKF_USER_PIN_LOCKED):
		return nil, ErrPINLocked
	case l.uri.PINSource != "":
		if l.slot.has(pkcs11.CKF_USER_PIN_FINAL_TRY) {
			return nil, ErrFinalTry
		}
		pin, err := readPIN(l.uri.PINSource)
		if err != nil {
			return nil, err
		}
		return l.try(pin.Reveal())
	case l.ask == nil:
		return nil, fmt.Errorf("%w: there is nobody to ask for it", ErrWrongPIN)
	}
	request := PINRequest{Token: l.slot.info.Label, FinalTry: l.slot.has(pkcs11.CKF_USER_PIN_FINAL_TRY)}
	for range pinAsks {
		pin, err := l.ask(ctx, request)
		if err != nil {
			return nil, fmt.Errorf("ask for the PIN: %w", err)
		}
		session, err := l.try(pin.Reveal())
		if !errors.Is(err, ErrWrongPIN) {
			return session, err
		}
		if l.onFinalTry() {
			return nil, ErrFinalTry
		}
		request.Wrong = true
	}
	return nil, ErrWrongPIN
}

// try logs in once.
func (l login) try(pin string) (*crypto11.Context, error) {
	number := int(l.slot.number)
	session, err := crypto11.Configure(&crypto11.Config{Path: l.path, SlotNumber: &number, Pin: pin, MaxSessions: maxSessions,
		LoginNotSupported: !l.slot.has(pkcs11.CKF_LOGIN_REQUIRED)})
	var code pkcs11.Error
	switch {
	case err == nil:
		return session, nil
	case !errors.As(err, &code):
		return nil, fmt.Errorf("%w: %w", ErrModule, err)
	}
	switch code {
	case pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE, pkcs11.CKR_ARGUMENTS_BAD:
		return nil, ErrWrongPIN
	case pkcs11.CKR_PIN_LOCKED:
		return nil, ErrPINLocked
	case pkcs11.CKR_TOKEN_NOT_PRESENT, pkcs11.CKR_DEVICE_REMOVED, pkcs11.CKR_SLOT_ID_INVALID:
		return nil, ErrNoToken
	default:
		return nil, fmt.Errorf("log in: %w", err)
	}
}

// onFinalTry asks the token itself, whose counter knows of other programs' tries too.
func (l login) onFinalTry() bool {
	final := false
	err := withModule(l.path, func(module *pkcs11.Ctx) error {
		info, err := module.GetTokenInfo(l.slot.number)
		final = err == nil && info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0
		return err
	})
	return final || err != nil
}
