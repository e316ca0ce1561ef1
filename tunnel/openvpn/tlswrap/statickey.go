package tlswrap

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// StaticKeySize is the length of a static key, in bytes: two cipher and two HMAC keys of 64 bytes.
const StaticKeySize = 256

const (
	staticKeyHead = "-----BEGIN OpenVPN Static key V1-----"
	staticKeyFoot = "-----END OpenVPN Static key V1-----"

	// maxKeyText is the longest key file that is read, in bytes. `openvpn --genkey` writes 636.
	maxKeyText = 64 << 10
)

// ErrKeyFormat says that text is not the key it should be.
var ErrKeyFormat = errors.New("not an OpenVPN key")

// StaticKey is the secret that the two sides of tls-auth or tls-crypt share. It prints as "[redacted]".
type StaticKey struct {
	secret [StaticKeySize]byte
}

// GenerateStaticKey draws a static key.
func GenerateStaticKey() *StaticKey {
	key := new(StaticKey)
	rand.Read(key.secret[:]) // never fails, see crypto/rand
	return key
}

// ParseStaticKey reads a static key: the file that `openvpn --genkey` writes, or its 512 hexadecimal digits alone, as
// Azure's profiles have them. Lines before and after the key, and white space between digits, are ignored (OpenVPN
// crypto.c, read_key_file).
func ParseStaticKey(text string) (*StaticKey, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("read static key: %w: %d bytes of text", ErrKeyFormat, len(text))
	}
	digits := text
	if _, after, found := strings.Cut(text, staticKeyHead); found {
		digits, _, found = strings.Cut(after, staticKeyFoot)
		if !found {
			return nil, fmt.Errorf("read static key: %w: the line %q is missing", ErrKeyFormat, staticKeyFoot)
		}
	}
	compact := []byte(strings.Join(strings.Fields(digits), ""))
	defer clear(compact)
	if len(compact) != 2*StaticKeySize {
		return nil, fmt.Errorf("read static key: %w: %d hexadecimal digits are needed, there are %d characters",
			ErrKeyFormat, 2*StaticKeySize, len(compact))
	}
	key := new(StaticKey)
	if _, err := hex.Decode(key.secret[:], compact); err != nil {
		return nil, fmt.Errorf("read static key: %w: a character is not a hexadecimal digit", ErrKeyFormat)
	}
	return key, nil
}

// PEM is the key as `openvpn --genkey` writes it. It is a secret.
func (k *StaticKey) PEM() string {
	var b bytes.Buffer
	fmt.Fprintln(&b, staticKeyHead)
	for line := range StaticKeySize / 16 {
		fmt.Fprintln(&b, hex.EncodeToString(k.secret[16*line:16*line+16]))
	}
	fmt.Fprintln(&b, staticKeyFoot)
	return b.String()
}

// Format prints "[redacted]" whatever the verb.
func (k StaticKey) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue logs "[redacted]".
func (k StaticKey) LogValue() slog.Value { return slog.StringValue(redacted) }

const redacted = "[redacted]"

// cipherKey and hmacKey are the two halves of the i-th of the key's two pairs (OpenVPN crypto.h, struct key2).
func (k *StaticKey) cipherKey(i int) []byte { return k.secret[128*i : 128*i+64] }
func (k *StaticKey) hmacKey(i int) []byte   { return k.secret[128*i+64 : 128*i+128] }

// xor is the key combined with other, byte by byte.
func (k *StaticKey) xor(other []byte) *StaticKey {
	combined := *k
	for i := range combined.secret {
		combined.secret[i] ^= other[i]
	}
	return &combined
}

// Direction says which of a static key's two pairs a side sends with (OpenVPN `key-direction`).
type Direction uint8

// The key directions. The two sides of a connection use Normal and Inverse, or both use Bidirectional.
const (
	Bidirectional Direction = iota // no key-direction: one pair both ways
	Normal                         // key-direction 0, by convention the server's
	Inverse                        // key-direction 1, by convention the client's
)

// ParseDirection reads the argument of `key-direction`; none is Bidirectional.
func ParseDirection(argument string) (Direction, error) {
	switch argument {
	case "":
		return Bidirectional, nil
	case "0":
		return Normal, nil
	case "1":
		return Inverse, nil
	}
	return 0, fmt.Errorf("read key direction: %q is neither 0 nor 1", argument)
}

// pairs are the indices of the pair to send with and of the pair to receive with (OpenVPN crypto.c,
// key_direction_state_init).
func (d Direction) pairs() (send, receive int) {
	switch d {
	case Normal:
		return 0, 1
	case Inverse:
		return 1, 0
	}
	return 0, 0
}
