//go:build !pkcs11 || !cgo

package pkcs11

import (
	"context"
	"fmt"
)

// Available tells whether this build can use tokens.
const Available = false

func open(context.Context, URI, PINFunc) (*Token, error) {
	return nil, fmt.Errorf("%w: install a build with PKCS#11, or make one with: CGO_ENABLED=1 go build -tags pkcs11 ./cmd/footbridge", ErrNotBuilt)
}
