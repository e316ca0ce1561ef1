package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

// longestSecret bounds what is read as a password, in bytes: an access token is a few kilobytes.
const longestSecret = 64 << 10

// readSecretFile reads a password from the first line of a file.
func readSecretFile(path string) (secret.Text, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("open password file: %w", err)
	}
	defer file.Close()
	password, err := firstLine(file)
	if err != nil {
		return "", fmt.Errorf("read password file: %w", err)
	}
	return password, nil
}

// firstLine reads a secret up to the end of the line.
func firstLine(reader io.Reader) (secret.Text, error) {
	line, err := bufio.NewReader(io.LimitReader(reader, longestSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return secret.Text(strings.TrimRight(line, "\r\n")), nil
}
