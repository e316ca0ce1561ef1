//go:build !unix

package dns

import "errors"

func lock(string) (func(), error) { return nil, errors.ErrUnsupported }
