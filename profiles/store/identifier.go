package store

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Lengths of names.
const (
	maxName   = 200 // characters of a profile's name
	maxSlug   = 40  // bytes of an identifier that come from the name
	maxDigest = 12  // characters of an identifier that tell names apart: 60 bits
)

// cleanName is a name on one line without control characters, since it is shown everywhere; empty where nothing is left of it.
func cleanName(name string) string {
	printable := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	// Composed only now: an accent may stand next to its letter since what was between them is gone.
	printable = norm.NFC.String(printable)
	runes := []rune(strings.Join(strings.Fields(printable), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), maxName)]))
}

// nameKey is the same for names that people take for the same: those that differ in case, or in how accents are encoded.
func nameKey(name string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(cleanName(name))))
}

// identifier is a name for a file that every file system takes, that differs for names with different keys, and that people recognise.
// Of those that are taken already it is the next one.
func identifier(name string, taken func(string) bool) string {
	key := nameKey(name)
	for number := 1; ; number++ {
		text := key
		if number > 1 {
			text += "\x00" + strconv.Itoa(number)
		}
		hash := sha256.Sum256([]byte(text))
		digest := strings.ToLower(base32.HexEncoding.EncodeToString(hash[:]))[:maxDigest]
		if id := slug(key) + "-" + digest; !taken(id) {
			return id
		}
	}
}

// slug is what is left of a name in lower-case ASCII. The digest behind it keeps it from being one of the names that Windows reserves.
func slug(key string) string {
	var out strings.Builder
	dash := false
	for _, r := range strings.ToLower(norm.NFKD.String(key)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if dash && out.Len() > 0 {
				out.WriteByte('-')
			}
			out.WriteRune(r)
			dash = false
		case !unicode.Is(unicode.Mn, r):
			dash = true
		}
		if out.Len() >= maxSlug {
			break
		}
	}
	if out.Len() == 0 {
		return "profile"
	}
	return out.String()
}

// isIdentifier reports whether text can name an entry, and can so be part of a file's name. Others' files have more kinds of names than
// identifier makes.
func isIdentifier(text string) bool {
	const longest = 240
	return text != "" && len(text) <= longest && text[0] != '.' && !strings.ContainsAny(text, `/\:`) &&
		!strings.ContainsFunc(text, unicode.IsControl) && strings.ToValidUTF8(text, "") == text
}
