package tlswrap

import (
	"encoding/binary"
	"fmt"
)

// Early negotiation: what a server says in the payload of its reset, as type, length and value of each entry
// (OpenVPN draft, "Setting up connection with cookie support"; OpenVPN ssl.c, parse_early_negotiation_tlvs).
const (
	earlyFlags     uint16 = 1
	flagResendWKC  uint16 = 1
	earlyEntryHead        = 4
)

// SupportsEarlyNegotiation reports, at the server, whether the client's reset said that it reads early negotiation
// and can send its wrapped key once more.
func (w *Wrapper) SupportsEarlyNegotiation() bool { return w.early }

// AppendResendRequest adds the entry that asks a client to send its wrapped key again in its next packet, for a
// server that keeps no state for a first packet. Valid only when SupportsEarlyNegotiation.
func AppendResendRequest(payload []byte) []byte {
	payload = binary.BigEndian.AppendUint16(payload, earlyFlags)
	payload = binary.BigEndian.AppendUint16(payload, 2)
	return binary.BigEndian.AppendUint16(payload, flagResendWKC)
}

// ParseEarlyNegotiation reads the payload of a server's reset and reports whether it asks for the wrapped key again.
// Entries of other types are skipped.
func ParseEarlyNegotiation(payload []byte) (resendWrappedKey bool, err error) {
	for len(payload) > 0 {
		if len(payload) < earlyEntryHead {
			return false, fmt.Errorf("read early negotiation: %w", ErrMalformed)
		}
		kind, length := binary.BigEndian.Uint16(payload), int(binary.BigEndian.Uint16(payload[2:]))
		payload = payload[earlyEntryHead:]
		if length > len(payload) {
			return false, fmt.Errorf("read early negotiation: %w", ErrMalformed)
		}
		value := payload[:length]
		payload = payload[length:]
		if kind != earlyFlags {
			continue
		}
		if length != 2 {
			return false, fmt.Errorf("read early negotiation: %w: flags have %d bytes", ErrMalformed, length)
		}
		resendWrappedKey = resendWrappedKey || binary.BigEndian.Uint16(value)&flagResendWKC != 0
	}
	return resendWrappedKey, nil
}

// What Dynamic needs from the session's first TLS connection (RFC 5705 exporter; OpenVPN ssl_common.h).
const (
	DynamicLabel = "EXPORTER-OpenVPN-dynamic-tls-crypt"
	DynamicSize  = StaticKeySize
)

// Dynamic is the wrapper for all renegotiated keys of the session, those with a key id other than 0, when both sides
// announced dynamic tls-crypt. It is tls-crypt with the session's own key: material, DynamicSize bytes exported from
// the session's first TLS connection under DynamicLabel, combined with the key shared beforehand (OpenVPN
// tls_crypt.c, tls_session_generate_dynamic_tls_crypt_key). It counts packets anew.
func (w *Wrapper) Dynamic(material []byte) (*Wrapper, error) {
	if len(material) != DynamicSize {
		return nil, fmt.Errorf("set up dynamic tls-crypt: %d bytes of key material, %d are needed", len(material), DynamicSize)
	}
	shared := w.key
	if shared == nil {
		if w.config.Mode != None {
			return nil, fmt.Errorf("set up dynamic tls-crypt: %w", ErrNoClientKey)
		}
		shared = new(StaticKey)
	}
	return New(Config{Mode: Crypt, Server: w.config.Server, Key: shared.xor(material)})
}
