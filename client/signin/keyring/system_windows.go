package keyring

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// system is files under a key that the user's Windows account protects. One credential of the Credential Manager holds 2,560 bytes
// (CRED_MAX_CREDENTIAL_BLOB_SIZE), which a token cache does not fit into.
func system(_ context.Context, options Options) (Keyring, error) {
	return newSealed(DPAPI, options, &accountKey{dir: options.Dir, logger: options.Logger})
}

// accountKey keeps the data key in a file that only the user's Windows account can decrypt (CryptProtectData).
type accountKey struct {
	dir    string
	logger *slog.Logger
}

// maxProtected bounds the file of the key, in bytes. Windows adds some hundred to the key.
const maxProtected = 16 << 10

func (a *accountKey) key(_ context.Context, create bool) ([]byte, error) {
	path := filepath.Join(a.dir, "key.dpapi")
	content, err := readLimited(path, maxProtected)
	if err == nil {
		key, unprotectErr := unprotect(content)
		if unprotectErr == nil && len(key) == keySize {
			return key, nil
		}
		err = errors.Join(errDamaged, unprotectErr)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		if !errors.Is(err, errDamaged) && !errors.Is(err, errTooLarge) {
			return nil, err
		}
		if renameErr := os.Rename(path, path+asideSuffix); renameErr != nil {
			return nil, renameErr
		}
		a.logger.Warn("damaged key of the secrets set aside", "file", path+asideSuffix, "error", err)
	}
	if !create {
		return nil, nil
	}
	key := newKey()
	content, err = protect(key)
	if err != nil {
		return nil, err
	}
	return key, writeFile(path, content)
}

func protect(plain []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptProtectData(blobOf(plain), nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	return taken(out, err)
}

func unprotect(protected []byte) ([]byte, error) {
	if len(protected) == 0 {
		return nil, errDamaged
	}
	var out windows.DataBlob
	err := windows.CryptUnprotectData(blobOf(protected), nil, nil, 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	return taken(out, err)
}

func blobOf(data []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(data)), Data: unsafe.SliceData(data)}
}

// taken copies what Windows allocated and frees it.
func taken(blob windows.DataBlob, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	data := append([]byte(nil), unsafe.Slice(blob.Data, blob.Size)...)
	_, err = windows.LocalFree(windows.Handle(unsafe.Pointer(blob.Data)))
	return data, err
}
