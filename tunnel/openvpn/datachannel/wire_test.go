package datachannel

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// reference makes a data packet in the plainest way that the draft's text allows, so that the fast one has something to be compared with.
type reference struct {
	keySize int
	digest  func() hash.Hash // nil: AEAD
	chacha  bool
}

var references = map[string]reference{
	"AES-128-GCM":       {keySize: 16},
	"AES-192-GCM":       {keySize: 24},
	"AES-256-GCM":       {keySize: 32},
	"CHACHA20-POLY1305": {keySize: 32, chacha: true},
	"AES-128-CBC":       {keySize: 16},
	"AES-192-CBC":       {keySize: 24},
	"AES-256-CBC":       {keySize: 32},
}

var referenceDigests = map[string]func() hash.Hash{
	"MD5": md5.New, "SHA1": sha1.New, "SHA224": sha256.New224, "SHA256": sha256.New, "SHA384": sha512.New384, "SHA512": sha512.New,
}

// header is the first byte and, for DATA_V2, the peer id (OpenVPN draft, "Data Channel").
func (reference) header(keyID uint8, peer uint32) []byte {
	if peer == packet.NoPeer {
		return []byte{6<<3 | keyID}
	}
	return []byte{9<<3 | keyID, byte(peer >> 16), byte(peer >> 8), byte(peer)}
}

// frame protects a plaintext. iv is for CBC.
func (r reference) frame(t testing.TB, key KeyMaterial, header []byte, id uint32, plaintext, iv []byte) []byte {
	t.Helper()
	packetID := binary.BigEndian.AppendUint32(nil, id)
	if r.digest != nil {
		block, err := aes.NewCipher(key[:r.keySize])
		if err != nil {
			t.Fatal(err)
		}
		padded := append(packetID, plaintext...)
		padding := 16 - len(padded)%16
		padded = append(padded, bytes.Repeat([]byte{byte(padding)}, padding)...)
		protected := append(bytes.Clone(iv), make([]byte, len(padded))...)
		cipher.NewCBCEncrypter(block, iv).CryptBlocks(protected[16:], padded)
		mac := hmac.New(r.digest, key[64:64+r.digest().Size()])
		mac.Write(protected)
		return bytes.Join([][]byte{header, mac.Sum(nil), protected}, nil)
	}
	additional := bytes.Join([][]byte{header, packetID}, nil)
	if len(header) == 1 {
		additional = packetID // DATA_V1 does not authenticate its first byte
	}
	nonce := bytes.Join([][]byte{packetID, key[64:72]}, nil)
	sealed := r.aead(t, key).Seal(nil, nonce, plaintext, additional)
	ciphertext, tag := sealed[:len(plaintext)], sealed[len(plaintext):]
	return bytes.Join([][]byte{header, packetID, tag, ciphertext}, nil)
}

func (r reference) aead(t testing.TB, key KeyMaterial) cipher.AEAD {
	t.Helper()
	if r.chacha {
		aead, err := chacha20poly1305.New(key[:r.keySize])
		if err != nil {
			t.Fatal(err)
		}
		return aead
	}
	block, err := aes.NewCipher(key[:r.keySize])
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

// eachWireFormat runs a test for every cipher, digest and kind of header.
func eachWireFormat(t *testing.T, test func(*testing.T, reference, Parameters)) {
	for name, r := range references {
		digests := referenceDigests
		if IsAEAD(name) {
			digests = map[string]func() hash.Hash{"": nil}
		}
		for digestName, newHash := range digests {
			for _, peer := range []uint32{0, 0x012345, packet.NoPeer} {
				r.digest = newHash
				p := Parameters{Cipher: name, Digest: digestName, KeyID: 3, PeerID: peer, Send: material(1), Receive: material(2)}
				t.Run(fmt.Sprintf("%s %s peer %#x", name, digestName, peer), func(t *testing.T) { test(t, r, p) })
			}
		}
	}
}

func TestSealedPacketsHaveTheWireFormat(t *testing.T) {
	eachWireFormat(t, func(t *testing.T, r reference, p Parameters) {
		c := New(true)
		install(t, c, p)
		payloads := [][]byte{ipPacket(1, 0), ipPacket(12, 1), ipPacket(100, 2), ipPacket(1437, 3)}
		batch := packet.Batch{Stream: true}
		if err := c.Seal(start, &batch, payloads); err != nil {
			t.Fatal(err)
		}
		var want []byte
		header := r.header(p.KeyID, p.PeerID)
		for i, f := range frames(&batch) {
			var iv []byte
			if r.digest != nil { // it is random: taken from the packet
				at := len(header) + r.digest().Size()
				iv = f[at : at+16]
			}
			frame := r.frame(t, p.Send, header, uint32(i+1), payloads[i], iv)
			want = binary.BigEndian.AppendUint16(want, uint16(len(frame)))
			want = append(want, frame...)
		}
		if !bytes.Equal(batch.Buffer, want) {
			t.Errorf("got  %x\nwant %x", batch.Buffer, want)
		}
	})
}

func TestPacketsOfTheWireFormatAreOpened(t *testing.T) {
	eachWireFormat(t, func(t *testing.T, r reference, p Parameters) {
		c := New(false)
		install(t, c, p)
		var packets, payloads [][]byte
		for i, size := range []int{1, 11, 12, 28, 1437} {
			payloads = append(payloads, ipPacket(size, byte(i)))
			iv := bytes.Repeat([]byte{byte(i + 1)}, 16)
			packets = append(packets, r.frame(t, p.Receive, r.header(p.KeyID, p.PeerID), uint32(i+1), payloads[i], iv))
		}
		into, sizes := buffers(len(packets))
		if n := c.Open(start, packets, into, sizes, 3); n != len(packets) {
			t.Fatalf("%d of %d opened: %+v", n, len(packets), c.Counters())
		}
		for i, want := range payloads {
			if got := into[i][3 : 3+sizes[i]]; !bytes.Equal(got, want) {
				t.Errorf("got  %x\nwant %x", got, want)
			}
		}
	})
}

// A frame as bytes, computed with another implementation (pyca/cryptography), so that a fault of Go's ciphers or of the reference shows too.
func TestKnownFrames(t *testing.T) {
	tests := []struct {
		cipher string
		peer   uint32
		frame  string
	}{
		{"AES-128-GCM", 5, "4a00000500000001dd4f9b106b91999f017b441194286c09991ae1c909e77ac538365ad9f94a757d2ba7a7dd"},
		{"AES-128-GCM", packet.NoPeer, "32000000015da1a81439027e903815d0c513499226991ae1c909e77ac538365ad9f94a757d2ba7a7dd"},
		{"AES-192-GCM", 5, "4a00000500000001fe6a9190d312258811ab16b001092a53a6cea984a5425b50229f2ef3791404cc76c239be"},
		{"AES-192-GCM", packet.NoPeer, "32000000017e4c987589894a9f551e94c98b5c6e9ca6cea984a5425b50229f2ef3791404cc76c239be"},
		{"AES-256-GCM", 5, "4a00000500000001c694a36c860c9340a95322b0988437cb59bf3aef6461c51033e48da9ea9049591db2298f"},
		{"AES-256-GCM", packet.NoPeer, "320000000177f085cc9db0fa7e73d4f8c806c3ab7c59bf3aef6461c51033e48da9ea9049591db2298f"},
		{"CHACHA20-POLY1305", 5, "4a00000500000001ef3a27936382bb44b9185cfcaca031750c1386f9c685223b2aa3f89c9cb6bda10f22dfd5"},
		{"CHACHA20-POLY1305", packet.NoPeer, "3200000001bdd64d56ebc69c17b6c95696b00e40c60c1386f9c685223b2aa3f89c9cb6bda10f22dfd5"},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.cipher, " ", test.peer), func(t *testing.T) {
			c := New(false)
			p := Parameters{Cipher: test.cipher, KeyID: 2, PeerID: test.peer, Send: material(1), Receive: material(2)}
			install(t, c, p)
			batch := packet.Batch{}
			payload := ipPacket(20, 0x77)
			if err := c.Seal(start, &batch, [][]byte{payload}); err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(batch.Buffer); got != test.frame {
				t.Errorf("got  %s\nwant %s", got, test.frame)
			}
		})
	}
}

// What CBC decrypts to is authentic but may still be no packet: padding or length that cannot be.
func TestAuthenticNonsenseIsDropped(t *testing.T) {
	r := references["AES-128-CBC"]
	r.digest = sha256.New
	p := Parameters{Cipher: "AES-128-CBC", Digest: "SHA256", PeerID: 5, Send: material(1), Receive: material(2)}
	key := p.Receive
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		t.Fatal(err)
	}
	for name, plain := range map[string][]byte{
		"padding of zero":              append(make([]byte, 15), 0),
		"padding longer than a block":  append(make([]byte, 31), 17),
		"padding over the packet id":   append([]byte{0, 0, 0}, bytes.Repeat([]byte{13}, 13)...),
		"padding that is all there is": bytes.Repeat([]byte{16}, 16),
	} {
		c := New(false)
		install(t, c, p)
		protected := make([]byte, 16+len(plain))
		cipher.NewCBCEncrypter(block, protected[:16]).CryptBlocks(protected[16:], plain)
		mac := hmac.New(sha256.New, key[64:96])
		mac.Write(protected)
		frame := bytes.Join([][]byte{r.header(0, 5), mac.Sum(nil), protected}, nil)
		into, sizes := buffers(1)
		if n := c.Open(start, [][]byte{frame}, into, sizes, 0); n != 0 || c.Counters().Dropped != 1 {
			t.Errorf("%s: %d opened, %+v", name, n, c.Counters())
		}
	}
}
