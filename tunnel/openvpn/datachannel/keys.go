package datachannel

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// KeyMaterial is one direction's part of the negotiated key: 64 bytes for the cipher, 64 for the HMAC (OpenVPN crypto.h,
// struct key).
type KeyMaterial [128]byte

const redacted = "[redacted]"

// String hides the key.
func (KeyMaterial) String() string { return redacted }

// Format hides the key from every verb of fmt.
func (KeyMaterial) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// LogValue hides the key.
func (KeyMaterial) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key, also within Parameters that are logged as JSON.
func (KeyMaterial) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (k *KeyMaterial) cipher(size int) []byte { return k[:size] }
func (k *KeyMaterial) hmac(size int) []byte   { return k[64 : 64+size] }

// Parameters are what one key of a session is made from.
type Parameters struct {
	Cipher       string // by OpenVPN's name: AES-256-GCM, CHACHA20-POLY1305, AES-128-CBC …
	Digest       string // of the HMAC, for CBC: SHA1, SHA256 …
	KeyID        uint8
	PeerID       uint32 // what to put into sent packets; packet.NoPeer: DATA_V1
	Send         KeyMaterial
	Receive      KeyMaterial
	Compression  Compression
	ReplayWindow int // packets; 0: 2048
}

// Limits of one key's use (OpenVPN packet_id.h, PACKET_ID_WRAP_TRIGGER; crypto.c, cipher_get_aead_limits; ssl.c, should_trigger_renegotiation).
const (
	packetIDLimit   = 0xffffffff
	packetIDTrigger = 0xff000000
	gcmTrigger      = uint64(1) << 36 / 8 * 7 // blocks and packets of one direction together
)

// ErrUnknownCipher says that a cipher is not one that can be spoken.
var ErrUnknownCipher = errors.New("unknown data channel cipher")

// Keys protects packets with one key of a session.
type Keys struct {
	id          uint8
	peer        uint32
	compression Compression
	sealer      sealer
	opener      opener
	limited     bool        // gcmTrigger applies
	exhausted   atomic.Bool // another key is due

	sent   sent
	replay replayWindow
	opened uint64 // blocks
}

// sent is what a key has sealed so far.
type sent struct {
	lastID uint32 // and the number of packets
	blocks uint64
}

// sealer protects one direction. overhead is the most it adds to a framed packet behind the header.
type sealer interface {
	overhead() int
	// seal appends the protected packet behind the header, which begins at headerAt and has been written.
	seal(b []byte, headerAt int, id uint32, packet []byte, framing Compression) []byte
}

// opener unprotects one direction. It writes into dst, which has room for the whole frame, and returns what was inside.
type opener interface {
	open(dst, header, body []byte, replay *replayWindow) (packet []byte, id uint32, err error)
}

// NewKeys makes the keys of one key id.
func NewKeys(p Parameters) (*Keys, error) {
	k := &Keys{id: p.KeyID, peer: p.PeerID, compression: p.Compression, replay: newReplayWindow(p.ReplayWindow)}
	if bits, ok := cbcBits(p.Cipher); ok {
		return k, k.useCBC(p, bits/8)
	}
	send, err := newAEAD(p.Cipher, &p.Send)
	if err != nil {
		return nil, err
	}
	receive, err := newAEAD(p.Cipher, &p.Receive)
	if err != nil {
		return nil, err
	}
	k.limited = p.Cipher != chaCha20Poly1305
	k.sealer, k.opener = newAEADSealer(send, &p.Send, p.PeerID), newAEADOpener(receive, &p.Receive)
	return k, nil
}

const chaCha20Poly1305 = "CHACHA20-POLY1305"

func newAEAD(name string, key *KeyMaterial) (cipher.AEAD, error) {
	switch name {
	case "AES-256-GCM":
		return newGCM(key.cipher(32))
	case "AES-192-GCM":
		return newGCM(key.cipher(24))
	case "AES-128-GCM":
		return newGCM(key.cipher(16))
	case chaCha20Poly1305:
		return chacha20poly1305.New(key.cipher(32))
	}
	return nil, fmt.Errorf("make data channel keys: %w %q", ErrUnknownCipher, name)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make data channel keys: %w", err)
	}
	return cipher.NewGCM(block)
}

// Supported reports whether a cipher can be spoken.
func Supported(name string) bool {
	if _, cbc := cbcBits(name); cbc {
		return true
	}
	_, err := newAEAD(name, new(KeyMaterial))
	return err == nil
}

// IsAEAD reports whether a supported cipher protects integrity by itself, so that no digest is used.
func IsAEAD(name string) bool {
	_, cbc := cbcBits(name)
	return !cbc && Supported(name)
}

func cbcBits(name string) (int, bool) {
	switch name {
	case "AES-128-CBC":
		return 128, true
	case "AES-192-CBC":
		return 192, true
	case "AES-256-CBC":
		return 256, true
	}
	return 0, false
}

// reserve takes the next packet id for a packet of size bytes. It fails when there is none left, long after exhausted was set.
func (k *Keys) reserve(size int) (uint32, bool) {
	if k.sent.lastID == packetIDLimit {
		return 0, false
	}
	k.sent.lastID++
	k.sent.blocks += blocks(size)
	if k.sent.lastID >= packetIDTrigger {
		k.exhausted.Store(true)
	}
	k.limit(k.sent.blocks + uint64(k.sent.lastID))
	return k.sent.lastID, true
}

// accept notes an authentic packet of size bytes.
func (k *Keys) accept(id uint32, size int) {
	k.replay.mark(id)
	k.opened += blocks(size)
	k.limit(k.opened + uint64(k.replay.last))
}

// limit compares blocks and packets of one direction with the limit of AES-GCM (draft-irtf-cfrg-aead-limits). The other ciphers have none
// that packet ids do not reach first.
func (k *Keys) limit(used uint64) {
	if k.limited && used >= gcmTrigger {
		k.exhausted.Store(true)
	}
}

// blocks is how many blocks of AES a packet fills.
func blocks(size int) uint64 { return uint64(size+15) / 16 }

// headerSize is the length of the header of sent packets.
func (k *Keys) headerSize() int { return packet.DataHeaderSize(k.peer) }

// overhead is the most that sealing adds to a packet, without a length prefix.
func (k *Keys) overhead() int { return k.headerSize() + k.sealer.overhead() + k.compression.overhead() }
