package pkcs11

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// longestPIN bounds a PIN, in bytes. Tokens take 16 to 255.
const longestPIN = 256

// readPIN reads the first line of a file that nobody but its owner can read. Windows keeps such rights elsewhere.
func readPIN(path string) (secret.Text, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPINFile, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPINFile, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s is not an ordinary file", ErrPINFile, path)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("%w: others can read %s: chmod 600 it", ErrPINFile, path)
	}
	content, err := io.ReadAll(io.LimitReader(file, longestPIN+2))
	if err != nil {
		return "", errors.Join(ErrPINFile, err)
	}
	line, _, _ := strings.Cut(string(content), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" || len(line) > longestPIN {
		return "", fmt.Errorf("%w: the first line of %s is no PIN", ErrPINFile, path)
	}
	return secret.Text(line), nil
}
