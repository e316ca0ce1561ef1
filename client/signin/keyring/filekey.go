package keyring

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// fileKey keeps the data key in a file that only the user can read.
type fileKey struct {
	dir    string
	logger *slog.Logger
}

func (f *fileKey) path() string { return filepath.Join(f.dir, "key") }

func (f *fileKey) key(_ context.Context, create bool) ([]byte, error) {
	path := f.path()
	key, err := readLimited(path, keySize)
	switch {
	case err == nil && len(key) == keySize:
		return key, f.tighten(path)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errTooLarge):
		return nil, err
	case err == nil || errors.Is(err, errTooLarge):
		if err := os.Rename(path, path+asideSuffix); err != nil {
			return nil, err
		}
		f.logger.Warn("damaged key of the secrets set aside", "file", path+asideSuffix)
	}
	if !create {
		return nil, nil
	}
	key = newKey()
	return key, writeFile(path, key)
}

// tighten takes the key away from others, where something opened its file to them.
func (f *fileKey) tighten(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 || !permissionsCount {
		return err
	}
	f.logger.Warn("others could read the key of the secrets; no longer", "file", path, "mode", info.Mode().String())
	return os.Chmod(path, 0o600)
}

func newKey() []byte {
	key := make([]byte, keySize)
	rand.Read(key) // never fails (crypto/rand)
	return key
}
