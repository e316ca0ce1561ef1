package datachannel

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/digest"
)

// useCBC sets up AES-CBC with an HMAC over IV and ciphertext (OpenVPN crypto.c, openvpn_encrypt_v1): HMAC, IV, then the
// encrypted packet id and packet with PKCS #7 padding. The header is not covered.
func (k *Keys) useCBC(p Parameters, keySize int) error {
	send, err := newCBC(p.Digest, &p.Send, keySize)
	if err != nil {
		return err
	}
	receive, err := newCBC(p.Digest, &p.Receive, keySize)
	if err != nil {
		return err
	}
	send.mode = cipher.NewCBCEncrypter(send.block, send.iv[:])
	receive.mode = cipher.NewCBCDecrypter(receive.block, receive.iv[:])
	k.sealer, k.opener = send, receive
	return nil
}

// cbc protects one direction and belongs to one goroutine at a time.
type cbc struct {
	block cipher.Block
	mode  cipher.BlockMode
	mac   hash.Hash
	iv    [aes.BlockSize]byte
	sum   [sha512.Size]byte
}

// ivSetter is what crypto/cipher's CBC modes can do besides cipher.BlockMode: go on with another IV without being made anew.
type ivSetter interface{ SetIV([]byte) }

func newCBC(name string, key *KeyMaterial, keySize int) (*cbc, error) {
	newHash, err := digest.ByName(name)
	if err != nil {
		return nil, fmt.Errorf("make data channel keys: %w", err)
	}
	block, err := aes.NewCipher(key.cipher(keySize))
	if err != nil {
		return nil, fmt.Errorf("make data channel keys: %w", err)
	}
	return &cbc{block: block, mac: hmac.New(newHash, key.hmac(newHash().Size()))}, nil
}

func (c *cbc) overhead() int { return c.mac.Size() + aes.BlockSize + packetIDSize + aes.BlockSize }

func (c *cbc) seal(b []byte, _ int, id uint32, packet []byte, framing Compression) []byte {
	rand.Read(c.iv[:]) // never fails, see crypto/rand
	macAt := len(b)
	ivAt := macAt + c.mac.Size()
	b = append(b[:ivAt], c.iv[:]...)
	body := len(b)
	b = binary.BigEndian.AppendUint32(b, id)
	b = framing.frame(b, packet)
	padding := aes.BlockSize - (len(b)-body)%aes.BlockSize
	for range padding {
		b = append(b, byte(padding))
	}
	c.mode.(ivSetter).SetIV(c.iv[:])
	c.mode.CryptBlocks(b[body:], b[body:])
	copy(b[macAt:ivAt], c.authenticate(b[ivAt:]))
	return b
}

func (c *cbc) authenticate(b []byte) []byte {
	c.mac.Reset()
	c.mac.Write(b)
	return c.mac.Sum(c.sum[:0])
}

func (c *cbc) open(dst, _, body []byte, replay *replayWindow) ([]byte, uint32, error) {
	macSize := c.mac.Size()
	if len(body) < macSize+2*aes.BlockSize || (len(body)-macSize)%aes.BlockSize != 0 {
		return nil, 0, errMalformed
	}
	protected := body[macSize:]
	if subtle.ConstantTimeCompare(c.authenticate(protected), body[:macSize]) != 1 {
		return nil, 0, errNotAuthentic
	}
	ciphertext := protected[aes.BlockSize:]
	if len(dst) < len(ciphertext) {
		return nil, 0, errTooLarge
	}
	c.mode.(ivSetter).SetIV(protected[:aes.BlockSize])
	plaintext := dst[:len(ciphertext)]
	c.mode.CryptBlocks(plaintext, ciphertext)
	padding := int(plaintext[len(plaintext)-1])
	if padding == 0 || padding > aes.BlockSize || len(plaintext)-padding < packetIDSize {
		return nil, 0, errMalformed
	}
	id := binary.BigEndian.Uint32(plaintext)
	if !replay.fresh(id) {
		return nil, id, errReplay
	}
	return plaintext[packetIDSize : len(plaintext)-padding], id, nil
}
