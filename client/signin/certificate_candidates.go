package signin

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// Candidates are the certificates with a private key that a selection's file or folder holds, the newest first, to let a person choose one
// by its thumbprint: also those that have expired, or that the profile does not want. Nobody is asked for anything: files that wait for a
// passphrase, and tokens, hold none. An error is about the file or the folder.
func Candidates(selection CertificateSelection) ([]CertificateCandidate, error) {
	file := selection.CertificateFile
	if file == "" {
		file = selection.PKCS12File
	}
	if file == "" || selection.PKCS11URI != "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("open certificate file: %w", err)
	}
	var identities []identity
	if info.IsDir() {
		found, err := readFolder(file)
		if err != nil {
			return nil, err
		}
		identities = found.identities()
	} else if identities, err = readIdentities(file, selection.KeyFile); err != nil {
		return nil, err
	}
	var candidates []CertificateCandidate
	for _, one := range byAge(identities) {
		candidates = append(candidates, candidateOf(one.path[0], one.source))
	}
	return candidates, nil
}

// readIdentities reads what can be read of a file without a passphrase, with the key in a file of its own where one is named.
func readIdentities(file, keyFile string) ([]identity, error) {
	var contents Contents
	for _, path := range slices.Compact([]string{file, keyFile}) {
		if path == "" {
			continue
		}
		data, err := readBounded(path)
		if err != nil {
			return nil, err
		}
		found, err := ParseContents(data, "")
		if err != nil && !isLocked(err) && !errors.Is(err, ErrNoCertificate) {
			return nil, named(err, path)
		}
		contents.Certificates = append(contents.Certificates, found.Certificates...)
		contents.Keys = append(contents.Keys, found.Keys...)
	}
	return contents.identities(file), nil
}
