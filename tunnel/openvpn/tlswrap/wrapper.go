// Package tlswrap protects the packets of OpenVPN's control channel with a key that both sides share beforehand:
// tls-auth, tls-crypt and tls-crypt-v2.
package tlswrap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Mode is how control packets are protected.
type Mode uint8

// The modes.
const (
	None    Mode = iota
	Auth         // tls-auth: authenticated
	Crypt        // tls-crypt: authenticated and encrypted
	CryptV2      // tls-crypt-v2: the same with a key for each client
)

// String is the OpenVPN option of the mode.
func (m Mode) String() string {
	switch m {
	case None:
		return "none"
	case Auth:
		return "tls-auth"
	case Crypt:
		return "tls-crypt"
	case CryptV2:
		return "tls-crypt-v2"
	}
	return fmt.Sprintf("mode %d", uint8(m))
}

// What Unwrap refuses a packet for. A refused packet is dropped; anybody can send one.
var (
	ErrMalformed      = errors.New("control packet is malformed")
	ErrAuthentication = errors.New("control packet is not authentic") // another key, digest or direction than the peer's
	ErrReplay         = errors.New("control packet is a replay")
	ErrNoClientKey    = errors.New("control packet comes before the client's wrapped key")
	ErrMetadata       = errors.New("client's key is refused for its metadata")
)

// Config says how control packets of a session are protected.
type Config struct {
	Mode   Mode
	Server bool // this side is the server of the session

	Key       *StaticKey // Auth and Crypt
	Digest    string     // Auth: MD5, SHA1, SHA224, SHA256, SHA384 or SHA512, the option `auth`
	Direction Direction  // Auth

	ClientKey *ClientKey // CryptV2, client
	ServerKey *ServerKey // CryptV2, server

	// CheckMetadata decides whether a client's key is still welcome; nil welcomes all. For CryptV2 at the server.
	CheckMetadata func(now time.Time, metadata Metadata) error
}

// Wrapper wraps and unwraps the control packets of one session. All its keys share one, except that renegotiated
// keys may have another (see Dynamic). It is not safe for concurrent use.
type Wrapper struct {
	config     Config
	protection protection // nil for None, and for CryptV2 at the server until a client's key has come
	key        *StaticKey // the key of protection
	wrappedKey []byte     // the client's, to send
	sent       replayID
	received   replayWindow
	early      bool // the client understands early negotiation
}

// protection is one way to protect packets.
type protection interface {
	overhead() int
	wrap(b []byte, id replayID, c *packet.Control) []byte
	unwrap(b []byte) (packet.Control, replayID, error)
}

// New makes the wrapper for a new session.
func New(config Config) (*Wrapper, error) {
	w := &Wrapper{config: config}
	switch config.Mode {
	case None:
	case Auth:
		if config.Key == nil {
			return nil, errors.New("set up tls-auth: there is no key")
		}
		authentication, err := newAuthentication(config.Key, config.Digest, config.Direction)
		if err != nil {
			return nil, fmt.Errorf("set up tls-auth: %w", err)
		}
		w.protection, w.key = authentication, config.Key
	case Crypt:
		if config.Key == nil {
			return nil, errors.New("set up tls-crypt: there is no key")
		}
		w.protection, w.key = newEncryption(config.Key, config.Server), config.Key
	case CryptV2:
		if config.Server {
			if config.ServerKey == nil {
				return nil, errors.New("set up tls-crypt-v2: there is no server key")
			}
			break
		}
		if config.ClientKey == nil {
			return nil, errors.New("set up tls-crypt-v2: there is no client key")
		}
		w.protection, w.key = newEncryption(&config.ClientKey.key, false), &config.ClientKey.key
		w.wrappedKey = config.ClientKey.wrapped
		w.sent.counter = earlyNegotiation
	default:
		return nil, fmt.Errorf("set up control channel: unknown %v", config.Mode)
	}
	return w, nil
}

// Mode is how the packets are protected.
func (w *Wrapper) Mode() Mode { return w.config.Mode }

// ClientReset is the opcode with which a client of this wrapper begins a session.
func (w *Wrapper) ClientReset() packet.Opcode {
	if w.config.Mode == CryptV2 {
		return packet.HardResetClientV3
	}
	return packet.HardResetClientV2
}

// Overhead is how many bytes a wrapped packet of this kind is longer than the packet in the clear.
func (w *Wrapper) Overhead(opcode packet.Opcode) int {
	overhead := 0
	if w.protection != nil {
		overhead = w.protection.overhead()
	}
	if opcode.CarriesWrappedKey() {
		overhead += len(w.wrappedKey)
	}
	return overhead
}

// Wrap appends to b the packet as it goes on the wire. Every call makes another packet, also for the same c: what is
// sent again is wrapped again.
func (w *Wrapper) Wrap(now time.Time, b []byte, c *packet.Control) ([]byte, error) {
	if w.protection == nil {
		if w.config.Mode != None {
			return b, fmt.Errorf("wrap %v: %w", c.Opcode, ErrNoClientKey)
		}
		return c.Append(b), nil
	}
	if err := w.sent.next(now); err != nil {
		return b, fmt.Errorf("wrap %v: %w", c.Opcode, err)
	}
	b = w.protection.wrap(b, w.sent, c)
	if c.Opcode.CarriesWrappedKey() {
		b = append(b, w.wrappedKey...)
	}
	return b, nil
}

// Unwrap checks a control packet from the wire and returns its content, which may alias b. Errors are ErrMalformed,
// ErrAuthentication, ErrReplay, ErrNoClientKey or ErrMetadata; the packet then had no effect.
func (w *Wrapper) Unwrap(now time.Time, b []byte) (packet.Control, error) {
	if len(b) == 0 {
		return packet.Control{}, fmt.Errorf("unwrap control packet: %w", ErrMalformed)
	}
	opcode, _ := packet.ParseFirstByte(b[0])
	c, err := w.unwrap(now, opcode, b)
	if err != nil {
		return packet.Control{}, fmt.Errorf("unwrap %v: %w", opcode, err)
	}
	return c, nil
}

func (w *Wrapper) unwrap(now time.Time, opcode packet.Opcode, b []byte) (packet.Control, error) {
	protection, key := w.protection, w.key
	if opcode.CarriesWrappedKey() {
		if w.config.Mode != CryptV2 || !w.config.Server {
			return packet.Control{}, fmt.Errorf("%w: no client key is expected", ErrMalformed)
		}
		inner, wrapped, err := cutWrappedKey(b)
		if err != nil {
			return packet.Control{}, err
		}
		b = inner
		if protection == nil {
			if key, err = w.openClientKey(now, wrapped); err != nil {
				return packet.Control{}, err
			}
			protection = newEncryption(key, true)
		}
	}
	if protection == nil {
		if w.config.Mode != None {
			return packet.Control{}, ErrNoClientKey
		}
		c, err := packet.ParseControl(b)
		if err != nil {
			return packet.Control{}, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return c, nil
	}
	c, id, err := protection.unwrap(b)
	if err != nil {
		return packet.Control{}, err
	}
	if !w.received.accept(id) {
		return packet.Control{}, ErrReplay
	}
	w.protection, w.key = protection, key
	if opcode == packet.HardResetClientV3 {
		w.early = id.counter&earlyMask == earlyNegotiation
	}
	return c, nil
}

// cutWrappedKey splits a packet from the wrapped client key behind it, whose length stands at its end.
func cutWrappedKey(b []byte) (inner, wrapped []byte, err error) {
	if len(b) < packet.HeaderSize()+2 {
		return nil, nil, fmt.Errorf("%w: %w", ErrMalformed, packet.ErrTooShort)
	}
	size := int(binary.BigEndian.Uint16(b[len(b)-2:]))
	if size < minWrappedKey || size > maxWrappedKey || size > len(b)-packet.HeaderSize() {
		return nil, nil, fmt.Errorf("%w: the wrapped client key cannot have %d bytes", ErrMalformed, size)
	}
	return b[:len(b)-size], b[len(b)-size:], nil
}

func (w *Wrapper) openClientKey(now time.Time, wrapped []byte) (*StaticKey, error) {
	key, metadata, err := w.config.ServerKey.unwrap(wrapped)
	if err != nil {
		return nil, err
	}
	if w.config.CheckMetadata != nil {
		if err := w.config.CheckMetadata(now, metadata); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMetadata, err)
		}
	}
	return key, nil
}
