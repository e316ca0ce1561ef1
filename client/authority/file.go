package authority

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

const (
	privateMode fs.FileMode = 0o600
	publicMode  fs.FileMode = 0o644
)

// Save keeps the authority in a new file under a password: PKCS#12 where the name ends in .p12 or .pfx, else PEM. A file that is there
// is never overwritten: ErrExists.
func (a *Authority) Save(path string, password secret.Text) error {
	var data []byte
	var err error
	if isPKCS12(path) {
		data, err = encodePKCS12(a.key, a.Certificate, a.Path[1:], password, Modern)
	} else {
		data, err = encodePEM(a.key, a.Path, password)
	}
	if err == nil {
		err = writeNew(path, data, privateMode)
	}
	if err != nil {
		return fmt.Errorf("save authority: %w", err)
	}
	return nil
}

// Open reads an authority that Save kept, or another certificate that may sign others, with its key, from PEM or PKCS#12. ask is called
// for its password.
func Open(ctx context.Context, path string, ask signin.PassphraseFunc) (*Authority, error) {
	contents, err := signin.ReadContents(ctx, path, ask)
	if err != nil {
		return nil, fmt.Errorf("open authority: %w", err)
	}
	for _, certificate := range contents.Certificates {
		if key := contents.KeyOf(certificate); key != nil && maySign(certificate) {
			return &Authority{Certificate: certificate, Path: signin.Path(certificate, contents.Certificates), key: key}, nil
		}
	}
	return nil, fmt.Errorf("open authority %s: %w", path, ErrNotAuthority)
}

// maySign follows RFC 5280 section 4.2.1.9: a certificate of version 3 says that it is an authority's.
func maySign(certificate *x509.Certificate) bool {
	return certificate.BasicConstraintsValid && certificate.IsCA && (certificate.KeyUsage == 0 || certificate.KeyUsage&x509.KeyUsageCertSign != 0)
}

// WriteOptions says how client certificates are handed out.
type WriteOptions struct {
	Format     Format      // "": PKCS12
	Encryption Encryption  // of PKCS#12; "": Modern
	Password   secret.Text // for all of them; empty: one is made for each
}

// Format is the kind of file a client certificate is handed out in.
type Format string

// The formats.
const (
	PKCS12 Format = "pkcs12"
	PEM    Format = "pem"
)

// Written is a client certificate that was written.
type Written struct {
	Name       string      `json:"name"`
	File       string      `json:"file"`               // with the private key
	PublicFile string      `json:"public_file"`        // the certificate alone (.cer): what it takes to revoke it
	Thumbprint string      `json:"thumbprint"`         // SHA-1, lower-case hex
	NotAfter   string      `json:"not_after"`          // RFC 3339
	Password   secret.Text `json:"password,omitempty"` // of the file; JSON redacts it
	Generated  bool        `json:"generated"`          // the password was made here: show it to the user, once
}

// Write writes each certificate with its key into a new file of the folder, named after its common name, and beside it the certificate
// alone. Where one cannot be written, all of them are taken back, since their passwords would be lost.
func Write(folder string, clients []*Client, options WriteOptions) (written []Written, err error) {
	var files []string
	defer func() {
		if err != nil {
			for _, file := range files {
				err = errors.Join(err, os.Remove(file))
			}
			written = nil
		}
	}()
	for _, client := range clients {
		one, data, err := client.encode(options)
		if err != nil {
			return nil, fmt.Errorf("write certificate of %s: %w", client.Name, err)
		}
		one.File, one.PublicFile = filepath.Join(folder, one.File), filepath.Join(folder, one.PublicFile)
		if err := writeNew(one.File, data, privateMode); err != nil {
			return nil, fmt.Errorf("write certificate of %s: %w", client.Name, err)
		}
		files = append(files, one.File)
		if err := writeNew(one.PublicFile, certificatePEM(client.Certificate), publicMode); err != nil {
			return nil, fmt.Errorf("write certificate of %s: %w", client.Name, err)
		}
		files = append(files, one.PublicFile)
		written = append(written, one)
	}
	return written, nil
}

func (c *Client) encode(options WriteOptions) (Written, []byte, error) {
	stem := FileName(c.Name)
	written := Written{Name: c.Name, PublicFile: stem + ".cer", Thumbprint: signin.Thumbprint(c.Certificate),
		NotAfter: c.Certificate.NotAfter.Format("2006-01-02T15:04:05Z07:00"), Password: options.Password}
	if written.Password == "" {
		written.Password, written.Generated = GeneratePassword(), true
	}
	switch options.Format {
	case PKCS12, "":
		written.File = stem + ".p12"
		data, err := c.PKCS12(written.Password, options.Encryption)
		return written, data, err
	case PEM:
		written.File = stem + ".pem"
		data, err := c.PEM(written.Password)
		return written, data, err
	default:
		return Written{}, nil, fmt.Errorf("%q is not %s or %s", options.Format, PKCS12, PEM)
	}
}

// FileName makes a name for a file, or for an entry of the portal, of a common name: letters, digits, and - _ . @.
func FileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("-_.@", r):
			return r
		default:
			return '-'
		}
	}, name)
	if clean = strings.TrimLeft(clean, ".-"); clean == "" {
		return "certificate"
	}
	return clean
}

func isPKCS12(path string) bool {
	extension := strings.ToLower(filepath.Ext(path))
	return extension == ".p12" || extension == ".pfx"
}

// writeNew writes a file beside and gives it its name when it is whole. A hard link does that without overwriting what is there; where the
// file system has none, it is looked for first.
func writeNew(path string, data []byte, mode fs.FileMode) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	beside, err := os.CreateTemp(filepath.Dir(path), ".footbridge-*")
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	defer func() {
		if removing := os.Remove(beside.Name()); removing != nil && !errors.Is(removing, fs.ErrNotExist) {
			err = errors.Join(err, removing)
		}
	}()
	_, writing := beside.Write(data)
	if err := errors.Join(writing, beside.Chmod(mode), beside.Sync(), beside.Close()); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	switch err := os.Link(beside.Name(), path); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	if err := os.Rename(beside.Name(), path); err != nil {
		return fmt.Errorf("name file: %w", err)
	}
	return nil
}
