package transport

import (
	"bytes"
	"strings"
)

// signatures are how other protocols begin. None can begin an OpenVPN stream: its first packet is a reset of at most some
// hundred bytes, where text would be thousands, and no opcode is zero, which is what a TLS record has in the third byte.
var signatures = []struct {
	speaks string
	begin  string
	text   bool
}{
	{"HTTP", "HTTP/", true},
	{"HTTP", "GET ", true},
	{"HTTP", "POST ", true},
	{"HTTP", "CONNECT ", true},
	{"HTML", "<!", true},
	{"HTML", "<h", true},
	{"HTML", "<H", true},
	{"SSH", "SSH-", true},
	{"SMTP or FTP", "220 ", true},
	{"SMTP or FTP", "220-", true},
	{"TLS", "\x15\x03\x00", false}, // alert records (RFC 8446 section 5.1)
	{"TLS", "\x15\x03\x01", false},
	{"TLS", "\x15\x03\x02", false},
	{"TLS", "\x15\x03\x03", false},
	{"TLS", "\x16\x03\x00", false}, // handshake records
	{"TLS", "\x16\x03\x01", false},
	{"TLS", "\x16\x03\x02", false},
	{"TLS", "\x16\x03\x03", false},
}

// shownText bounds what an error shows of another protocol's first line, in bytes.
const shownText = 80

// recognise finds a whole signature at the beginning of a stream; nil: there is none, or too little has arrived.
func recognise(begin []byte, cause error) error {
	for _, signature := range signatures {
		if bytes.HasPrefix(begin, []byte(signature.begin)) {
			return protocolError(begin, signature.speaks, signature.text, cause)
		}
	}
	return nil
}

// foreign says what a stream is that begins with no packet, from as little as two bytes.
func foreign(begin []byte, cause error) error {
	for _, signature := range signatures {
		known := min(len(begin), len(signature.begin))
		if known >= 2 && string(begin[:known]) == signature.begin[:known] {
			return protocolError(begin, signature.speaks, signature.text, cause)
		}
	}
	return protocolError(begin, "", isText(begin), cause)
}

func protocolError(begin []byte, speaks string, text bool, cause error) *ProtocolError {
	e := &ProtocolError{Speaks: speaks, Err: cause}
	if text && isText(begin[:min(len(begin), shownText)]) {
		line, _, _ := strings.Cut(string(begin[:min(len(begin), shownText)]), "\n")
		e.Begin = strings.TrimSpace(line)
	}
	return e
}

// isText reports whether bytes up to the first line end are printable ASCII.
func isText(begin []byte) bool {
	line, _, _ := bytes.Cut(begin, []byte("\n"))
	for _, c := range line {
		if (c < ' ' || c > '~') && c != '\r' && c != '\t' {
			return false
		}
	}
	return len(line) > 0
}
