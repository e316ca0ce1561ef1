package keyring

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// sealed keeps each secret in a file of its own, encrypted with AES-256-GCM under one data key (NIST SP 800-38D). The data key is elsewhere:
// in the system's keyring, under the user's Windows account, or, where there is nothing of the kind, in a second file.
//
// With the key in a second file this protects a copy of the secrets that travels without the key: a single file that is sent, found or
// restored. It does not protect from whoever can read all of the user's files, such as a program of the user's or an administrator.
type sealed struct {
	dir    string
	keys   keySource
	logger *slog.Logger
}

// keySource is where the data key is.
type keySource interface {
	// key returns the data key of keySize bytes. It makes one where there is none and create is set; otherwise it returns nil then.
	key(ctx context.Context, create bool) ([]byte, error)
}

const keySize = 32 // AES-256

// sealedMagic begins each file; it is authenticated with the rest.
const sealedMagic = "footbridge sealed 1\n"

const (
	sealedSuffix = ".sealed"
	asideSuffix  = ".damaged"
)

// sealedOverhead is how much longer a file is than its secret: magic, nonce and tag.
const sealedOverhead = len(sealedMagic) + 12 + 16

func newSealed(kind Kind, options Options, keys keySource) (Keyring, error) {
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return nil, err
	}
	return newLocked(kind, options, &sealed{dir: options.Dir, keys: keys, logger: options.Logger}), nil
}

// path is the file of a key, whose name says nothing of the key.
func (s *sealed) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:16])+sealedSuffix)
}

func (s *sealed) get(ctx context.Context, key string) ([]byte, bool, error) {
	path := s.path(key)
	content, err := readLimited(path, MaxSecret+sealedOverhead)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil && !errors.Is(err, errTooLarge) {
		return nil, false, err
	}
	dataKey, keyErr := s.keys.key(ctx, false)
	if keyErr != nil {
		return nil, false, keyErr
	}
	if err == nil {
		var secret []byte
		if secret, err = unseal(dataKey, key, content); err == nil {
			return secret, true, nil
		}
	}
	return nil, false, s.setAside(path, err)
}

func (s *sealed) set(ctx context.Context, key string, secret []byte) error {
	dataKey, err := s.keys.key(ctx, true)
	if err != nil {
		return err
	}
	content, err := seal(dataKey, key, secret)
	if err != nil {
		return err
	}
	return writeFile(s.path(key), content)
}

// remove takes away what was set aside of it as well.
func (s *sealed) remove(_ context.Context, key string) error {
	return errors.Join(removeFile(s.path(key)), removeFile(s.path(key)+asideSuffix))
}

// setAside puts a damaged file out of the way, where the user or a helpdesk can still look at it.
func (s *sealed) setAside(path string, why error) error {
	if err := os.Rename(path, path+asideSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("set damaged secret aside: %w", err)
	}
	s.logger.Warn("damaged secret set aside", "file", path+asideSuffix, "error", why)
	return nil
}

var (
	errDamaged  = errors.New("it is damaged, or its key is another")
	errTooLarge = errors.New("it is too large")
)

func aead(dataKey []byte) (cipher.AEAD, error) {
	if len(dataKey) != keySize {
		return nil, errDamaged
	}
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal encrypts a secret. Its key is authenticated too, so that files cannot change places.
func seal(dataKey []byte, key string, secret []byte) ([]byte, error) {
	gcm, err := aead(dataKey)
	if err != nil {
		return nil, err
	}
	return gcm.Seal([]byte(sealedMagic), nil, secret, []byte(sealedMagic+key)), nil
}

func unseal(dataKey []byte, key string, content []byte) ([]byte, error) {
	gcm, err := aead(dataKey)
	if err != nil {
		return nil, err
	}
	if len(content) < sealedOverhead || string(content[:len(sealedMagic)]) != sealedMagic {
		return nil, errDamaged
	}
	secret, err := gcm.Open(nil, nil, content[len(sealedMagic):], []byte(sealedMagic+key))
	if err != nil {
		return nil, errDamaged
	}
	if secret == nil {
		secret = []byte{}
	}
	return secret, nil
}

// readLimited reads an ordinary file of at most limit bytes.
func readLimited(path string, limit int) (content []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", path)
	}
	content, err = io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err == nil && len(content) > limit {
		return nil, errTooLarge
	}
	return content, err
}

// writeFile writes beside and renames, so that nobody ever reads half of it.
func writeFile(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeFile(file.Name()))
		}
	}()
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
