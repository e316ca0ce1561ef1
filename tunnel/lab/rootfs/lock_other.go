//go:build !unix

package rootfs

import "errors"

func lock(string) (func(), error) { return nil, errors.ErrUnsupported }
