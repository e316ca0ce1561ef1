package store

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// plainID matches names that are safe file names everywhere as they are.
var plainID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// idOf makes a file name of a profile's name: the same one each time, another for each name, and one that every system takes. Names
// that are not plain get a digest, so that what is lost in them does not matter.
func idOf(name string) string {
	if plainID.MatchString(name) && !reserved(name) && !looksDigested(name) {
		return name
	}
	digest := sha256.Sum256([]byte(norm.NFC.String(name)))
	return slug(name) + "-" + hex.EncodeToString(digest[:5])
}

// slug keeps what is readable of a name.
func slug(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 30 {
			break
		}
	}
	if text := strings.Trim(b.String(), "-"); text != "" {
		return text
	}
	return "profile"
}

// digested is what idOf adds.
var digested = regexp.MustCompile(`-[0-9a-f]{10}$`)

// looksDigested keeps a plain name from being the file name of another, digested one.
func looksDigested(name string) bool { return digested.MatchString(name) }

// reserved reports whether Windows takes a name for a device.
func reserved(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (strings.HasPrefix(name, "com") || strings.HasPrefix(name, "lpt"))
}

// sameName reports whether two names would be taken for one by a person.
func sameName(a, b string) bool {
	return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b))
}
