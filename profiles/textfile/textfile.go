// Package textfile turns a text file as editors on Windows, macOS and Linux save it into plain UTF-8.
package textfile

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"
)

// Decode removes a UTF-8 byte order mark, converts UTF-16 with a byte order mark, which PowerShell's Out-File and older
// versions of Notepad write, and replaces what is not UTF-8. The result may share memory with data.
func Decode(data []byte) []byte {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeUTF16(data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(data[2:], binary.BigEndian)
	}
	if !utf8.Valid(data) {
		return bytes.ToValidUTF8(data, []byte(string(utf8.RuneError)))
	}
	return data
}

func decodeUTF16(data []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	return []byte(string(utf16.Decode(units)))
}

// IsText reports whether data looks like text in the sense of Decode: no control characters but white space.
func IsText(data []byte) bool {
	for _, r := range string(Decode(data)) {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != '\v' || r == 0x7f {
			return false
		}
	}
	return true
}
