package keymethod

import (
	"fmt"
	"strings"
)

// AzureOptions is the options string of Microsoft's own Azure VPN client, whatever the connection is. Some Azure gateways
// close the connection on any other.
const AzureOptions = "V4,dev-type tun,link-mtu 1500,tun-mtu 1551,proto TCPv4_CLIENT,keydir 1,cipher AES-256-GCM," +
	"auth [null-digest],keysize 256,tls-auth,key-method 2,tls-client"

// Options describes one end of a connection for the options string, by which ends notice that they are configured
// differently (OpenVPN options_string.c). Nothing depends on it but warnings, and in old gateways the choice of a cipher.
type Options struct {
	Role         Role
	Stream       bool
	TunMTU       int // bytes
	Cipher       string
	Digest       string // of the data channel's HMAC; AEAD ciphers have none
	TLSAuth      bool
	KeyDirection int // 0 or 1 of tls-auth, negative: none
	Compression  bool
}

// String is the options string.
func (o Options) String() string {
	cipher := strings.ToUpper(o.Cipher)
	fields := []string{"V4", "dev-type tun", fmt.Sprintf("link-mtu %d", o.linkMTU()), fmt.Sprintf("tun-mtu %d", o.TunMTU), "proto " + o.proto()}
	if o.Compression {
		fields = append(fields, "comp-lzo")
	}
	if o.TLSAuth && o.KeyDirection >= 0 {
		fields = append(fields, fmt.Sprintf("keydir %d", o.KeyDirection))
	}
	digest := strings.ToUpper(o.Digest)
	if isAEAD(cipher) {
		digest = "[null-digest]"
	}
	fields = append(fields, "cipher "+cipher, "auth "+digest, fmt.Sprintf("keysize %d", keyBits(cipher)))
	if o.TLSAuth {
		fields = append(fields, "tls-auth")
	}
	fields = append(fields, "key-method 2")
	if o.Role == Server {
		fields = append(fields, "tls-server")
	} else {
		fields = append(fields, "tls-client")
	}
	return strings.Join(fields, ",")
}

// proto is always the IPv4 name: both families are one to the options string (OpenVPN socket_util.c, proto_remote).
func (o Options) proto() string {
	switch {
	case !o.Stream:
		return "UDPv4"
	case o.Role == Server:
		return "TCPv4_SERVER"
	default:
		return "TCPv4_CLIENT"
	}
}

// linkMTU is the size of the largest packet on the wire as OpenVPN 2.3 calculated it, which it is compared with
// (OpenVPN mtu.c, calc_options_string_link_mtu).
func (o Options) linkMTU() int {
	cipher := strings.ToUpper(o.Cipher)
	overhead := 1 + 4 // opcode and packet id
	switch {
	case cipher == "CHACHA20-POLY1305":
		overhead += 16 + 12 + 1 // tag, initialisation vector, block
	case isAEAD(cipher):
		overhead += 16 + 12 + 16
	default:
		overhead += digestSize(strings.ToUpper(o.Digest))
		if strings.HasSuffix(cipher, "-CBC") {
			overhead += 16 + 16 // initialisation vector, padding
		}
	}
	if o.Stream {
		overhead += 2
	}
	if o.Compression {
		overhead++
	}
	return o.TunMTU + overhead
}

// Option returns the argument of a field of an options string, "" where it has none.
func Option(options, name string) string {
	for field := range strings.SplitSeq(options, ",") {
		if argument, found := strings.CutPrefix(field, name+" "); found {
			return argument
		}
	}
	return ""
}

func isAEAD(cipher string) bool {
	return strings.HasSuffix(cipher, "-GCM") || cipher == "CHACHA20-POLY1305"
}

func keyBits(cipher string) int {
	switch {
	case strings.Contains(cipher, "128"):
		return 128
	case strings.Contains(cipher, "192"):
		return 192
	}
	return 256
}

func digestSize(digest string) int {
	switch digest {
	case "MD5":
		return 16
	case "SHA224":
		return 28
	case "SHA256":
		return 32
	case "SHA384":
		return 48
	case "SHA512":
		return 64
	}
	return 20 // SHA1
}
