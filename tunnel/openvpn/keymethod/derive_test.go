package keymethod

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"hash"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// referencePRF writes RFC 2246, section 5, as it is printed, over whole strings.
func referencePRF(secret []byte, label string, seed []byte, size int) []byte {
	seed = append([]byte(label), seed...)
	sum := func(h func() hash.Hash, key, data []byte) []byte {
		m := hmac.New(h, key)
		m.Write(data)
		return m.Sum(nil)
	}
	pHash := func(h func() hash.Hash, key []byte) []byte {
		var out []byte
		a := seed // A(0)
		for len(out) < size {
			a = sum(h, key, a) // A(i) = HMAC_hash(secret, A(i-1))
			out = append(out, sum(h, key, append(bytes.Clone(a), seed...))...)
		}
		return out[:size]
	}
	l := len(secret)
	half := l/2 + l%2
	a, b := pHash(md5.New, secret[:half]), pHash(sha1.New, secret[l-half:])
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// TestPRFVector checks against the widely used TLS 1.0 PRF test vector (48 times 0xab, "PRF Testvector", 64 times 0xcd).
func TestPRFVector(t *testing.T) {
	secret, seed := bytes.Repeat([]byte{0xab}, 48), bytes.Repeat([]byte{0xcd}, 64)
	want := "d3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4ebd31e602353776c408aafb74cbc85eff6" +
		"9255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f1afbc655a8c9a013"
	got := prf(secret, 104, []byte("PRF Testvector"), seed)
	if hex.EncodeToString(got) != want {
		t.Errorf("got %x", got)
	}
	for _, n := range []int{1, 2, 47, 48} {
		if !bytes.Equal(prf(secret[:n], 300, []byte("x"), seed), referencePRF(secret[:n], "x", seed, 300)) {
			t.Errorf("a secret of %d bytes gives another result than the reference", n)
		}
	}
}

func TestDerive(t *testing.T) {
	client, server := NewSource(Client), NewSource(Server)
	clientSession, serverSession := packet.NewSessionID(), packet.NewSessionID()
	master := referencePRF(client.PreMaster[:], "OpenVPN master secret", append(bytes.Clone(client.Random1[:]), server.Random1[:]...), 48)
	seed := append(bytes.Clone(client.Random2[:]), server.Random2[:]...)
	seed = append(append(seed, clientSession[:]...), serverSession[:]...)
	want := referencePRF(master, "OpenVPN key expansion", seed, 256)

	got := Derive(&client, &server, clientSession, serverSession)
	if !bytes.Equal(got.ClientToServer[:], want[:128]) || !bytes.Equal(got.ServerToClient[:], want[128:]) {
		t.Error("keys are other than the reference's")
	}
	if got == Derive(&client, &server, serverSession, clientSession) {
		t.Error("session ids do not matter")
	}
}
