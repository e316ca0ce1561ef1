package datachannel

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Sizes of an AEAD packet in bytes: header, packet id, tag, ciphertext (OpenVPN crypto.c, openvpn_encrypt_aead). The tag stands in
// front of the ciphertext, where Go's AEADs put it behind.
const (
	packetIDSize = 4
	tagSize      = 16
	nonceSize    = 12
)

// errMalformed says that a packet is too short to be one.
var errMalformed = errors.New("data packet is malformed")

// aeadSealer belongs to one goroutine at a time; its nonce is a field so that it is not allocated for each packet.
type aeadSealer struct {
	aead    cipher.AEAD
	nonce   [nonceSize]byte // packet id, then the implicit part from the HMAC key
	adStart int             // where the additional data begins in the header: DATA_V1 leaves the first byte out
}

func newAEADSealer(aead cipher.AEAD, key *KeyMaterial, peer uint32) *aeadSealer {
	s := &aeadSealer{aead: aead}
	copy(s.nonce[packetIDSize:], key.hmac(nonceSize-packetIDSize))
	if peer == packet.NoPeer {
		s.adStart = 1
	}
	return s
}

func (s *aeadSealer) overhead() int { return packetIDSize + tagSize }

func (s *aeadSealer) seal(b []byte, headerAt int, id uint32, packet []byte, framing Compression) []byte {
	b = binary.BigEndian.AppendUint32(b, id)
	binary.BigEndian.PutUint32(s.nonce[:], id)
	tagAt := len(b)
	body := tagAt + tagSize
	ad := b[headerAt+s.adStart : tagAt]
	if framing != NoCompression {
		b = framing.frame(b[:body], packet)
		packet = b[body:]
	}
	// Sealed behind the place of the tag, straight out of the device's buffer; the tag is then moved to its place.
	sealed := s.aead.Seal(b[body:body], s.nonce[:], packet, ad)
	end := body + len(sealed) - tagSize
	copy(b[tagAt:body], b[end:end+tagSize])
	return b[:end]
}

type aeadOpener struct {
	aead  cipher.AEAD
	nonce [nonceSize]byte
}

func newAEADOpener(aead cipher.AEAD, key *KeyMaterial) *aeadOpener {
	o := &aeadOpener{aead: aead}
	copy(o.nonce[packetIDSize:], key.hmac(nonceSize-packetIDSize))
	return o
}

// open copies the ciphertext to its destination, so that the tag can follow it there; what stands behind it in the
// receive buffer is the next packet.
func (o *aeadOpener) open(dst, header, body []byte, replay *replayWindow) ([]byte, uint32, error) {
	if len(body) < packetIDSize+tagSize {
		return nil, 0, errMalformed
	}
	id := binary.BigEndian.Uint32(body)
	if !replay.fresh(id) {
		return nil, id, errReplay
	}
	tag, ciphertext := body[packetIDSize:packetIDSize+tagSize], body[packetIDSize+tagSize:]
	if len(dst) < len(ciphertext)+tagSize {
		return nil, id, errTooLarge
	}
	n := copy(dst, ciphertext)
	copy(dst[n:], tag)
	copy(o.nonce[:], body[:packetIDSize])
	ad := additionalData(header, body)
	plaintext, err := o.aead.Open(dst[:0], o.nonce[:], dst[:n+tagSize], ad)
	if err != nil {
		return nil, id, errNotAuthentic
	}
	return plaintext, id, nil
}

// additionalData is what is authenticated besides the ciphertext: header and packet id, for DATA_V1 the packet id alone. Header and
// body lie next to each other.
func additionalData(header, body []byte) []byte {
	if len(header) == 1 {
		return body[:packetIDSize]
	}
	return header[: len(header)+packetIDSize : len(header)+packetIDSize]
}
