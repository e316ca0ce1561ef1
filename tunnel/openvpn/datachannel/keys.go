package datachannel

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// KeyMaterial is one direction's part of the negotiated key: 64 bytes for the cipher, 64 for the HMAC (OpenVPN crypto.h,
// struct key).
type KeyMaterial [128]byte

// String hides the key.
func (KeyMaterial) String() string { return "[redacted]" }

// GoString hides the key.
func (KeyMaterial) GoString() string { return "[redacted]" }

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

// Limits of one key's use (OpenVPN packet_id.h, PACKET_ID_WRAP_TRIGGER; ssl.c, aead usage limit).
const (
	packetIDLimit   = 0xffffffff
	packetIDTrigger = 0xff000000
	aeadTrigger     = uint64(1) << 36 / 8 * 7 // blocks and packets together
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
	replay      replayWindow
	nextID      uint32        // the id of the packet sealed last
	usage       atomic.Uint64 // AES blocks and packets, see aeadTrigger
	exhausted   atomic.Bool   // another key is due
	aead        bool
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
	k.aead = true
	k.sealer, k.opener = newAEADSealer(send, &p.Send, p.PeerID), newAEADOpener(receive, &p.Receive)
	return k, nil
}

func newAEAD(name string, key *KeyMaterial) (cipher.AEAD, error) {
	switch name {
	case "AES-256-GCM":
		return newGCM(key.cipher(32))
	case "AES-192-GCM":
		return newGCM(key.cipher(24))
	case "AES-128-GCM":
		return newGCM(key.cipher(16))
	case "CHACHA20-POLY1305":
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

// reserve takes the next packet id. It fails when there is none left, long after exhausted was set.
func (k *Keys) reserve(size int) (uint32, bool) {
	if k.nextID == packetIDLimit {
		return 0, false
	}
	k.nextID++
	if k.nextID >= packetIDTrigger {
		k.exhausted.Store(true)
	}
	k.use(size)
	return k.nextID, true
}

// use counts towards the limit of AES-GCM (draft-irtf-cfrg-aead-limits; OpenVPN ssl.c).
func (k *Keys) use(size int) {
	if k.aead && k.usage.Add(uint64(1+(size+15)/16)) >= aeadTrigger {
		k.exhausted.Store(true)
	}
}

// headerSize is the length of the header of sent packets.
func (k *Keys) headerSize() int { return packet.DataHeaderSize(k.peer) }

// overhead is the most that sealing adds to a packet, without a length prefix.
func (k *Keys) overhead() int { return k.headerSize() + k.sealer.overhead() + k.compression.overhead() }
