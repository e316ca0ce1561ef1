package tlswrap

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// tagSize is the length of the tag that authenticates a packet and is the cipher's IV, in bytes.
const tagSize = sha256.Size

// encryption is tls-crypt: header and replay packet id in the clear, a tag over both and the body, and the body
// enciphered with an IV taken from the tag (OpenVPN draft, "Encrypting control channel packets"; OpenVPN tls_crypt.c).
type encryption struct {
	sendMAC, receiveMAC       hash.Hash
	sendCipher, receiveCipher cipher.Block
	sum                       []byte
}

func newEncryption(key *StaticKey, server bool) *encryption {
	direction := Inverse
	if server {
		direction = Normal
	}
	send, receive := direction.pairs()
	return &encryption{
		sendMAC:       hmac.New(sha256.New, key.hmacKey(send)[:32]),
		receiveMAC:    hmac.New(sha256.New, key.hmacKey(receive)[:32]),
		sendCipher:    newAES256(key.cipherKey(send)),
		receiveCipher: newAES256(key.cipherKey(receive)),
	}
}

func newAES256(key []byte) cipher.Block {
	block, err := aes.NewCipher(key[:32])
	if err != nil {
		panic(err) // the length is one that AES has
	}
	return block
}

func (e *encryption) overhead() int { return replayIDSize + tagSize }

func (e *encryption) wrap(b []byte, id replayID, c *packet.Control) []byte {
	start := len(b)
	b = c.AppendHeader(b)
	b = id.append(b)
	tag := len(b)
	b = append(b, make([]byte, tagSize)...)
	body := len(b)
	b = c.AppendBody(b)

	e.sendMAC.Reset()
	e.sendMAC.Write(b[start:tag])
	e.sendMAC.Write(b[body:])
	e.sendMAC.Sum(b[tag:tag])
	cipher.NewCTR(e.sendCipher, b[tag:tag+aes.BlockSize]).XORKeyStream(b[body:], b[body:])
	return b
}

func (e *encryption) unwrap(b []byte) (packet.Control, replayID, error) {
	c, rest, err := packet.ParseHeader(b)
	if err != nil {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if len(rest) < replayIDSize+tagSize {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, packet.ErrTooShort)
	}
	id, tag, enciphered := rest[:replayIDSize], rest[replayIDSize:replayIDSize+tagSize], rest[replayIDSize+tagSize:]
	body := make([]byte, len(enciphered))
	cipher.NewCTR(e.receiveCipher, tag[:aes.BlockSize]).XORKeyStream(body, enciphered)

	e.receiveMAC.Reset()
	e.receiveMAC.Write(b[:packet.HeaderSize()+replayIDSize])
	e.receiveMAC.Write(body)
	e.sum = e.receiveMAC.Sum(e.sum[:0])
	if !hmac.Equal(tag, e.sum) {
		return packet.Control{}, replayID{}, ErrAuthentication
	}
	if err := c.ParseBody(body); err != nil {
		return packet.Control{}, replayID{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c, parseReplayID(id), nil
}
