// Package keymethod is what the two ends tell each other inside TLS before data flows: key method 2 messages, the options
// string, peer info, and the data channel keys that follow from them.
package keymethod

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Sizes of a key method 2 message in bytes.
const (
	preMasterSize = 48
	randomSize    = 32
	headerSize    = 5 // four zero bytes and the method

	// MaxStringSize is the longest options string, user name, password or peer info: its length, with the NUL that ends it, has 16 bits.
	MaxStringSize = 0xffff - 1
	// MaxMessageSize is the longest message.
	MaxMessageSize = headerSize + preMasterSize + 2*randomSize + 4*(2+MaxStringSize+1)

	method     = 2
	methodMask = 0x0f
)

// Errors of the parser.
var (
	// ErrIncomplete says that the message is right so far and that more of it must arrive.
	ErrIncomplete = errors.New("key method message is incomplete")
	// ErrMalformed says that the bytes are no key method 2 message.
	ErrMalformed = errors.New("key method message is malformed")
)

// Role is which end of the connection wrote a message.
type Role int

// The two ends.
const (
	Client Role = iota
	Server
)

// Source is the randomness one end contributes to the TLS1-PRF key derivation. It stays empty in the mind of an end that
// derives keys by exporting them from TLS, but is sent all the same.
type Source struct {
	PreMaster [preMasterSize]byte // the client's only
	Random1   [randomSize]byte
	Random2   [randomSize]byte
}

// NewSource draws the randomness of one end.
func NewSource(role Role) Source {
	var s Source
	if role == Client {
		rand.Read(s.PreMaster[:]) // never fails, see crypto/rand
	}
	rand.Read(s.Random1[:])
	rand.Read(s.Random2[:])
	return s
}

// String hides the randomness.
func (Source) String() string { return redacted }

// GoString hides the randomness.
func (Source) GoString() string { return redacted }

// Message is a key method 2 message (OpenVPN draft, "Key Method 2"; OpenVPN ssl.c, key_method_2_write).
type Message struct {
	Source   Source
	Options  string // the options string, see Options
	Username string
	Password Secret
	PeerInfo string // lines of the form NAME=value, see PeerInfo; empty: absent
}

// Append adds the message as the end with that role writes it. It fails where a string is longer than MaxStringSize or
// contains a NUL byte.
func (m *Message) Append(b []byte, role Role) ([]byte, error) {
	b = append(b, 0, 0, 0, 0, method)
	if role == Client {
		b = append(b, m.Source.PreMaster[:]...)
	}
	b = append(b, m.Source.Random1[:]...)
	b = append(b, m.Source.Random2[:]...)
	for _, field := range []struct{ name, text string }{
		{"options string", m.Options}, {"user name", m.Username}, {"password", string(m.Password)}, {"peer info", m.PeerInfo},
	} {
		var err error
		if b, err = appendString(b, field.text); err != nil {
			return nil, fmt.Errorf("write %s: %w", field.name, err)
		}
	}
	return b, nil
}

// appendString writes a string with its length. An empty one is a length of zero and nothing else, as OpenVPN writes it.
func appendString(b []byte, s string) ([]byte, error) {
	if len(s) > MaxStringSize {
		return nil, fmt.Errorf("%d bytes are more than %d", len(s), MaxStringSize)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return nil, errors.New("it contains a NUL byte")
	}
	if s == "" {
		return append(b, 0, 0), nil
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(s)+1))
	b = append(b, s...)
	return append(b, 0), nil
}

// Parse reads the message that the end with that role wrote, and returns the bytes behind it. User name, password and peer info may
// be missing at the end of the message, as old peers leave them out; so a message counts as whole at the
// end of b when the options string has been read and what follows is whole. ErrIncomplete asks for more bytes: whoever reads a stream gives
// everything that arrived since the start of the message.
func Parse(b []byte, role Role) (*Message, []byte, error) {
	r := reader{rest: b}
	if zero := r.take(4); zero != nil && binary.BigEndian.Uint32(zero) != 0 {
		return nil, nil, fmt.Errorf("read header: %w", ErrMalformed)
	}
	if m := r.take(1); m != nil && m[0]&methodMask != method {
		return nil, nil, fmt.Errorf("read header: %w: key method %d", ErrMalformed, m[0]&methodMask)
	}
	var message Message
	if role == Client {
		copy(message.Source.PreMaster[:], r.take(preMasterSize))
	}
	copy(message.Source.Random1[:], r.take(randomSize))
	copy(message.Source.Random2[:], r.take(randomSize))
	message.Options = r.text()
	if r.short || r.bad {
		return nil, nil, r.err("options string")
	}
	for _, field := range []struct {
		name string
		set  func(string)
	}{
		{"user name", func(s string) { message.Username = s }},
		{"password", func(s string) { message.Password = Secret(s) }},
		{"peer info", func(s string) { message.PeerInfo = s }},
	} {
		if len(r.rest) == 0 {
			break
		}
		text := r.text()
		if r.short || r.bad {
			return nil, nil, r.err(field.name)
		}
		field.set(text)
	}
	return &message, r.rest, nil
}

// reader takes pieces off the front of a message and remembers what went wrong.
type reader struct {
	rest  []byte
	short bool
	bad   bool
}

func (r *reader) take(n int) []byte {
	if r.short || r.bad {
		return nil
	}
	if len(r.rest) < n {
		r.short = true
		return nil
	}
	piece := r.rest[:n]
	r.rest = r.rest[n:]
	return piece
}

// text reads a string with its length. What follows the first NUL inside it is not part of it.
func (r *reader) text() string {
	length := r.take(2)
	if length == nil {
		return ""
	}
	piece := r.take(int(binary.BigEndian.Uint16(length)))
	if len(piece) == 0 {
		return ""
	}
	if piece[len(piece)-1] != 0 {
		r.bad = true
		return ""
	}
	text, _, _ := strings.Cut(string(piece), "\x00")
	return text
}

func (r *reader) err(field string) error {
	if r.bad {
		return fmt.Errorf("read %s: %w: it does not end in a NUL byte", field, ErrMalformed)
	}
	return fmt.Errorf("read %s: %w", field, ErrIncomplete)
}
