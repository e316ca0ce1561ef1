package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFolderFiles bounds how many certificate files a folder may hold.
const maxFolderFiles = 500

// folder is what the certificate files of one folder hold: what can be read at once, and what waits for a passphrase.
type folder struct {
	contents Contents
	sources  map[string]string // the file of a certificate, by its thumbprint
	locked   []lockedFile
	read     int // files
}

// lockedFile has a private key under a passphrase.
type lockedFile struct {
	path         string
	data         []byte
	certificates []*x509.Certificate // of the key, as far as known without the passphrase: in the same file, or one named like it
}

func isCertificateFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".pem", ".crt", ".cer", ".der", ".key", ".p12", ".pfx":
		return true
	default:
		return false
	}
}

// readFolder reads all certificate files. What cannot be read is passed over: another file may hold what is wanted.
func readFolder(path string) (*folder, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate folder: %w", err)
	}
	found := &folder{sources: make(map[string]string)}
	byStem := make(map[string][]*x509.Certificate)
	for _, entry := range entries {
		file := filepath.Join(path, entry.Name())
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() || !isCertificateFile(entry.Name()) {
			continue
		}
		if found.read++; found.read > maxFolderFiles {
			return nil, fmt.Errorf("read certificate folder %s: more than %d files", path, maxFolderFiles)
		}
		data, err := readBounded(file)
		if err != nil {
			continue
		}
		contents, err := ParseContents(data, "")
		if isLocked(err) {
			contents.Certificates, _ = parseCertificates(data) // none in a PKCS#12 file: they are locked too
			found.locked = append(found.locked, lockedFile{file, data, contents.Certificates})
		} else if err != nil {
			continue
		}
		byStem[stem(file)] = append(byStem[stem(file)], contents.Certificates...)
		found.add(file, contents)
	}
	for i := range found.locked {
		if len(found.locked[i].certificates) == 0 {
			found.locked[i].certificates = byStem[stem(found.locked[i].path)]
		}
	}
	return found, nil
}

func stem(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

func (f *folder) add(file string, contents Contents) {
	for _, c := range contents.Certificates {
		f.sources[Thumbprint(c)] = file
	}
	f.contents.Certificates = append(f.contents.Certificates, contents.Certificates...)
	f.contents.Keys = append(f.contents.Keys, contents.Keys...)
}

func (f *folder) identities() []identity {
	identities := f.contents.identities("")
	for i := range identities {
		identities[i].source = f.sources[Thumbprint(identities[i].path[0])]
	}
	return identities
}

// fromFolder chooses among the certificates of a folder. What needs no passphrase is tried first; then the locked files that can hold what
// is wanted are opened one after the other.
func (l loader) fromFolder(ctx context.Context, path string) (identity, error) {
	found, err := readFolder(path)
	if err != nil {
		return identity{}, err
	}
	chosen, err := choose(found.identities(), l.requirements, l.now)
	for i := 0; err != nil && !errors.Is(err, ErrAmbiguous) && i < len(found.locked); i++ {
		file := found.locked[i]
		if !l.canHold(file, found.contents.Certificates) {
			continue
		}
		contents, opening := l.unlocking(file.path).open(ctx, file.data)
		if opening != nil {
			return identity{}, named(opening, file.path)
		}
		found.add(file.path, contents)
		chosen, err = choose(found.identities(), l.requirements, l.now)
	}
	if errors.Is(err, ErrNoCertificate) && len(found.contents.Certificates) > 0 {
		err = ErrNoKey
	}
	if err != nil {
		return identity{}, named(err, path)
	}
	return chosen, nil
}

// canHold tells whether it is worth asking for the passphrase of a file.
func (l loader) canHold(file lockedFile, others []*x509.Certificate) bool {
	return len(file.certificates) == 0 || slices.ContainsFunc(file.certificates, func(c *x509.Certificate) bool {
		_, problem := l.requirements.check(Path(c, others), l.now)
		return problem == nil
	})
}
