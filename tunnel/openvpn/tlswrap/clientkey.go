package tlswrap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"time"
)

const (
	clientKeyType = "OpenVPN tls-crypt-v2 client key"
	serverKeyType = "OpenVPN tls-crypt-v2 server key"

	serverKeySize = 128

	// maxWrappedKey is the longest wrapped client key, in bytes (OpenVPN tls_crypt.h, TLS_CRYPT_V2_MAX_WKC_LEN).
	maxWrappedKey = 1024
	minWrappedKey = tagSize + StaticKeySize + 2
)

// ClientKey is a tls-crypt-v2 client key: the client's own static key, and the same wrapped for the server (OpenVPN
// draft, "Client-specific encryption keys"). It prints as "[redacted]".
type ClientKey struct {
	key     StaticKey
	wrapped []byte
}

// ParseClientKey reads a tls-crypt-v2 client key file.
func ParseClientKey(text string) (*ClientKey, error) {
	secret, err := decodePEM(text, clientKeyType)
	if err != nil {
		return nil, fmt.Errorf("read tls-crypt-v2 client key: %w", err)
	}
	if len(secret) < StaticKeySize+minWrappedKey || len(secret) > StaticKeySize+maxWrappedKey {
		return nil, fmt.Errorf("read tls-crypt-v2 client key: %w: it has %d bytes", ErrKeyFormat, len(secret))
	}
	client := &ClientKey{wrapped: secret[StaticKeySize:]}
	copy(client.key.secret[:], secret)
	if length := binary.BigEndian.Uint16(client.wrapped[len(client.wrapped)-2:]); int(length) != len(client.wrapped) {
		return nil, fmt.Errorf("read tls-crypt-v2 client key: %w: its wrapped part has %d bytes and says %d",
			ErrKeyFormat, len(client.wrapped), length)
	}
	return client, nil
}

// PEM is the key as a file. It is a secret.
func (k *ClientKey) PEM() string {
	secret := append(append([]byte(nil), k.key.secret[:]...), k.wrapped...)
	return string(pem.EncodeToMemory(&pem.Block{Type: clientKeyType, Bytes: secret}))
}

// Format prints "[redacted]" whatever the verb.
func (k ClientKey) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue logs "[redacted]".
func (k ClientKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// ServerKey is a tls-crypt-v2 server key, under which client keys are wrapped. It prints as "[redacted]".
type ServerKey struct {
	secret [serverKeySize]byte
}

// GenerateServerKey draws a tls-crypt-v2 server key.
func GenerateServerKey() *ServerKey {
	key := new(ServerKey)
	rand.Read(key.secret[:]) // never fails, see crypto/rand
	return key
}

// ParseServerKey reads a tls-crypt-v2 server key file.
func ParseServerKey(text string) (*ServerKey, error) {
	secret, err := decodePEM(text, serverKeyType)
	if err != nil {
		return nil, fmt.Errorf("read tls-crypt-v2 server key: %w", err)
	}
	if len(secret) != serverKeySize {
		return nil, fmt.Errorf("read tls-crypt-v2 server key: %w: it has %d bytes", ErrKeyFormat, len(secret))
	}
	key := new(ServerKey)
	copy(key.secret[:], secret)
	return key, nil
}

// PEM is the key as a file. It is a secret.
func (k *ServerKey) PEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: serverKeyType, Bytes: k.secret[:]}))
}

// Format prints "[redacted]" whatever the verb.
func (k ServerKey) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue logs "[redacted]".
func (k ServerKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// NewClientKey draws a client key and wraps it for this server together with metadata.
func (k *ServerKey) NewClientKey(metadata Metadata) (*ClientKey, error) {
	wrapped, err := k.wrap(GenerateStaticKey(), metadata)
	if err != nil {
		return nil, fmt.Errorf("make tls-crypt-v2 client key: %w", err)
	}
	return wrapped, nil
}

func (k *ServerKey) wrap(key *StaticKey, metadata Metadata) (*ClientKey, error) {
	plain := append(append(append([]byte(nil), key.secret[:]...), metadata.Type), metadata.Data...)
	size := tagSize + len(plain) + 2
	if size > maxWrappedKey {
		return nil, fmt.Errorf("metadata of %d bytes is too long", len(metadata.Data))
	}
	tag := k.tag(uint16(size), plain)
	wrapped := append([]byte(nil), tag...)
	wrapped = append(wrapped, plain...)
	k.stream(tag).XORKeyStream(wrapped[tagSize:], plain)
	return &ClientKey{key: *key, wrapped: binary.BigEndian.AppendUint16(wrapped, uint16(size))}, nil
}

// unwrap opens a wrapped client key, length field included.
func (k *ServerKey) unwrap(wrapped []byte) (*StaticKey, Metadata, error) {
	if len(wrapped) < minWrappedKey || len(wrapped) > maxWrappedKey {
		return nil, Metadata{}, fmt.Errorf("open wrapped client key: %w", ErrMalformed)
	}
	tag, enciphered := wrapped[:tagSize], wrapped[tagSize:len(wrapped)-2]
	plain := make([]byte, len(enciphered))
	k.stream(tag).XORKeyStream(plain, enciphered)
	if !hmac.Equal(tag, k.tag(uint16(len(wrapped)), plain)) {
		return nil, Metadata{}, fmt.Errorf("open wrapped client key: %w", ErrAuthentication)
	}
	key := new(StaticKey)
	copy(key.secret[:], plain)
	var metadata Metadata
	if rest := plain[StaticKeySize:]; len(rest) > 0 {
		metadata = Metadata{Type: rest[0], Data: rest[1:]}
	}
	return key, metadata, nil
}

func (k *ServerKey) tag(size uint16, plain []byte) []byte {
	mac := hmac.New(sha256.New, k.secret[64:64+32])
	mac.Write(binary.BigEndian.AppendUint16(nil, size))
	mac.Write(plain)
	return mac.Sum(nil)
}

func (k *ServerKey) stream(tag []byte) cipher.Stream {
	block, err := aes.NewCipher(k.secret[:32])
	if err != nil {
		panic(err) // the length is one that AES has
	}
	return cipher.NewCTR(block, tag[:aes.BlockSize])
}

// The kinds of metadata in a wrapped client key.
const (
	MetadataUser      uint8 = 0 // free-form
	MetadataTimestamp uint8 = 1 // when the key was made, seconds since 1970 in 8 bytes
)

// Metadata is what a server wrote into a wrapped client key to recognise it by.
type Metadata struct {
	Type uint8
	Data []byte
}

// TimestampMetadata says that a key was made at t.
func TimestampMetadata(t time.Time) Metadata {
	return Metadata{MetadataTimestamp, binary.BigEndian.AppendUint64(nil, uint64(t.Unix()))}
}

// Timestamp is when the key was made, if the metadata says so.
func (m Metadata) Timestamp() (time.Time, bool) {
	if m.Type != MetadataTimestamp || len(m.Data) < 8 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(m.Data)), 0), true
}

func decodePEM(text, kind string) ([]byte, error) {
	if len(text) > maxKeyText {
		return nil, fmt.Errorf("%w: %d bytes of text", ErrKeyFormat, len(text))
	}
	for rest := []byte(text); ; {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			return nil, fmt.Errorf("%w: there is no %q block", ErrKeyFormat, kind)
		}
		if block.Type == kind {
			return block.Bytes, nil
		}
	}
}
