package digest

import (
	"errors"
	"testing"
)

func TestByName(t *testing.T) {
	for name, size := range map[string]int{"MD5": 16, "SHA1": 20, "sha224": 28, "SHA256": 32, "SHA384": 48, "Sha512": 64} {
		newHash, err := ByName(name)
		if err != nil || newHash().Size() != size {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "none", "SHA-256", "WHIRLPOOL"} {
		if _, err := ByName(name); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
