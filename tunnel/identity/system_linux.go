package identity

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

const (
	// maxBundle bounds a file of roots in bytes; Debian's has 220,000.
	maxBundle = 16 << 20
	// maxRootFiles bounds a folder of roots; Debian's has 280 files, each twice.
	maxRootFiles = 4096
)

// bundlePlaces are the files in which the distributions keep all their roots, in the order of package crypto/x509.
func bundlePlaces() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Gentoo, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, older RHEL
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/pki/tls/cacert.pem",                           // OpenELEC
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL, CentOS
		"/etc/ssl/cert.pem",                                 // Alpine
		"/etc/ssl/certs/ca-bundle.crt",                      // NixOS
	}
}

// folderPlaces are the folders with a file a root.
func folderPlaces() []string {
	return []string{"/etc/ssl/certs", "/etc/pki/tls/certs"}
}

// SystemRoots lists the roots that this computer trusts: those of SSL_CERT_FILE and SSL_CERT_DIR if set, else of the
// first bundle that exists, else of the folders (package crypto/x509, which does not list them).
func SystemRoots() ([]*x509.Certificate, error) {
	files, folders := bundlePlaces(), folderPlaces()
	file, folder := os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR")
	if file != "" || folder != "" {
		files, folders = nil, nil
	}
	if file != "" {
		files = []string{file}
	}
	if folder != "" {
		folders = strings.Split(folder, ":")
	}
	return rootsIn(files, folders)
}

// rootsIn reads the first of the files that has roots in it, or the folders.
func rootsIn(files, folders []string) ([]*x509.Certificate, error) {
	var problems []error
	for _, file := range files {
		roots, err := rootsInFile(file)
		if err == nil && len(roots) > 0 {
			return roots, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	var all []*x509.Certificate
	seen := map[string]bool{}
	for _, folder := range folders {
		roots, err := rootsInFolder(folder)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			problems = append(problems, err)
		}
		for _, root := range roots {
			if !seen[string(root.Raw)] {
				seen[string(root.Raw)] = true
				all = append(all, root)
			}
		}
	}
	if len(all) == 0 && len(problems) > 0 {
		return nil, fmt.Errorf("read the system's roots: %w", errors.Join(problems...))
	}
	return all, nil
}

func rootsInFolder(folder string) ([]*x509.Certificate, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	var problems []error
	for _, entry := range entries[:min(len(entries), maxRootFiles)] {
		if !strings.HasSuffix(entry.Name(), ".pem") && !strings.HasSuffix(entry.Name(), ".crt") && !isHashName(entry.Name()) {
			continue
		}
		roots, err := rootsInFile(filepath.Join(folder, entry.Name()))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // a link to nothing is common
			problems = append(problems, err)
		}
		all = append(all, roots...)
	}
	return all, errors.Join(problems...)
}

// isHashName reports whether a file is named as c_rehash(1) does: "4a6481c9.0".
func isHashName(name string) bool {
	hash, number, found := strings.Cut(name, ".")
	return found && len(hash) == 8 && strings.Trim(hash, "0123456789abcdef") == "" && number != "" && strings.Trim(number, "0123456789") == ""
}

func rootsInFile(name string) ([]*x509.Certificate, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxBundle))
	if err != nil {
		return nil, err
	}
	return parseRoots(data), nil
}

// parseRoots reads PEM certificates. One that cannot be read costs itself only.
func parseRoots(data []byte) []*x509.Certificate {
	var roots []*x509.Certificate
	for len(data) > 0 {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 {
			continue
		}
		if certificate, err := x509.ParseCertificate(block.Bytes); err == nil {
			roots = append(roots, certificate)
		}
	}
	return roots
}
