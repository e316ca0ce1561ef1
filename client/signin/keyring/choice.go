package keyring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Choice says which keyring was opened.
type Choice struct {
	Kind    Kind
	Reason  string // why this one; for logs
	Warning string // what the user should know, one or two sentences; empty: nothing
	Warned  bool   // the user was told before, see MarkWarned
}

// fileWarning is what users of the file are told once.
const fileWarning = "This computer has no keyring service, so your sign-in is kept in an encrypted file. " +
	"Whoever can read all files of your account can use it; install a keyring such as gnome-keyring, or set the storage to memory, if that is not what you want."

// warnedFile stands for a warning that was given.
const warnedFile = "warned"

// MarkWarned remembers that the user was given the warning about a folder's keyring.
func MarkWarned(dir string) error {
	if dir == "" {
		dir = UserDir()
	}
	file, err := os.OpenFile(filepath.Join(dir, warnedFile), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("remember warning: %w", err)
	}
	return file.Close()
}

func wasWarned(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, warnedFile))
	return !errors.Is(err, fs.ErrNotExist)
}
