//go:build !pkcs11 || !cgo

package pkcs11

import (
	"errors"
	"strings"
	"testing"
)

func TestUnavailable(t *testing.T) {
	if _, err := Open(t.Context(), "pkcs11:token=a", nil); !errors.Is(err, ErrNotBuilt) || !strings.Contains(err.Error(), "-tags pkcs11") || Available {
		t.Error(err)
	}
	if _, err := Open(t.Context(), "token=a", nil); !errors.Is(err, ErrURI) {
		t.Error(err)
	}
}
