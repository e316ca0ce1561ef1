// Package digest knows the hash functions that OpenVPN's option auth can name.
package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"strings"
)

// ErrUnknown says that a name is none of a digest that can be computed.
var ErrUnknown = errors.New("unknown digest")

// ByName returns the hash function that a name stands for, in any case: MD5, SHA1, SHA224, SHA256, SHA384 or SHA512.
func ByName(name string) (func() hash.Hash, error) {
	switch strings.ToUpper(name) {
	case "MD5":
		return md5.New, nil
	case "SHA1":
		return sha1.New, nil
	case "SHA224":
		return sha256.New224, nil
	case "SHA256":
		return sha256.New, nil
	case "SHA384":
		return sha512.New384, nil
	case "SHA512":
		return sha512.New, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknown, name)
}
