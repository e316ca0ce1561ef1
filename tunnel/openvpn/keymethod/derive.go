package keymethod

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/tls"
	"errors"
	"fmt"
	"hash"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Labels of key derivation (OpenVPN ssl.c, KEY_EXPANSION_ID; ssl_common.h, EXPORT_KEY_DATA_LABEL).
const (
	masterLabel    = "OpenVPN master secret"
	expansionLabel = "OpenVPN key expansion"
	exporterLabel  = "EXPORTER-OpenVPN-datakeys"

	masterSize = 48
	// DirectionSize is the length of one direction's key material in bytes: 64 for the cipher, 64 for the HMAC.
	DirectionSize = 128
	keysSize      = 2 * DirectionSize
)

// Keys is the data channel's key material. It prints as "[redacted]".
type Keys struct {
	ClientToServer [DirectionSize]byte
	ServerToClient [DirectionSize]byte
}

// String hides the keys.
func (Keys) String() string { return redacted }

// GoString hides the keys.
func (Keys) GoString() string { return redacted }

// ErrNoExport says that TLS cannot export keys: crypto/tls does it for TLS 1.3, and for TLS 1.2 with Extended Master Secret (RFC 7627).
var ErrNoExport = errors.New("TLS connection cannot export keys")

// CanExport reports whether keys can be exported from a TLS connection.
func CanExport(state *tls.ConnectionState) bool {
	_, err := state.ExportKeyingMaterial(exporterLabel, nil, keysSize)
	return err == nil
}

// Export derives the data channel's keys by the TLS exporter (RFC 5705; OpenVPN draft, "TLS-EKM").
func Export(state *tls.ConnectionState) (Keys, error) {
	material, err := state.ExportKeyingMaterial(exporterLabel, nil, keysSize)
	if err != nil {
		return Keys{}, fmt.Errorf("derive data channel keys: %w: %w", ErrNoExport, err)
	}
	return keysFrom(material), nil
}

// Derive derives the data channel's keys from the randomness of both ends and their session ids with the pseudorandom function of TLS
// 1.0 (RFC 2246, section 5; OpenVPN ssl.c, generate_key_expansion_openvpn_prf).
func Derive(client, server *Source, clientSession, serverSession packet.SessionID) Keys {
	master := prf(client.PreMaster[:], masterSize, []byte(masterLabel), client.Random1[:], server.Random1[:])
	return keysFrom(prf(master, keysSize, []byte(expansionLabel), client.Random2[:], server.Random2[:], clientSession[:], serverSession[:]))
}

func keysFrom(material []byte) Keys {
	var keys Keys
	copy(keys.ClientToServer[:], material)
	copy(keys.ServerToClient[:], material[DirectionSize:])
	return keys
}

// prf is the pseudorandom function of TLS 1.0 over the pieces of the seed: MD5 keyed with the first half of the
// secret, XOR SHA-1 keyed with the second half; the halves share a byte where the length is odd.
func prf(secret []byte, size int, seed ...[]byte) []byte {
	half := (len(secret) + 1) / 2
	out := make([]byte, size)
	expand(out, md5.New, secret[:half], seed)
	expand(out, sha1.New, secret[len(secret)-half:], seed)
	return out
}

// expand XORs P_hash of RFC 2246, section 5, into out.
func expand(out []byte, newHash func() hash.Hash, secret []byte, seed [][]byte) {
	mac := hmac.New(newHash, secret)
	sum := func(first []byte, rest [][]byte) []byte {
		mac.Reset()
		mac.Write(first)
		for _, piece := range rest {
			mac.Write(piece)
		}
		return mac.Sum(nil)
	}
	a := sum(nil, seed)
	for done := 0; done < len(out); {
		for _, b := range sum(a, seed) {
			if done == len(out) {
				break
			}
			out[done] ^= b
			done++
		}
		a = sum(a, nil)
	}
}
