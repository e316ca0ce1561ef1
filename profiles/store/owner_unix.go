//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

const (
	administrator = 0     // the user id that may write an administrator's files
	others        = 0o022 // the bits that let anyone else write
)

// checkFolder refuses an administrator's folder that others could change: itself, or by renaming what it lies in.
func checkFolder(dir string) error {
	resolved, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if resolved != dir { // who can change the link chooses the folder
		if err := checkAncestors(resolved); err != nil {
			return err
		}
	}
	return checkAncestors(dir)
}

func checkAncestors(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		if err != nil {
			return err
		}
		// In a folder such as /tmp anyone can make files, but rename only their own.
		isSticky := at != dir && info.Mode()&fs.ModeSticky != 0
		switch {
		case owner(info) != administrator:
			return fmt.Errorf("%s does not belong to root; run: chown root %s", at, at)
		case info.Mode().Perm()&others != 0 && !isSticky:
			return fmt.Errorf("others than root can write in %s; run: chmod go-w %s", at, at)
		case at == filepath.Dir(at):
			return nil
		}
	}
}

// checkFile refuses a file in an administrator's folder that others could change.
func checkFile(info fs.FileInfo) error {
	switch {
	case owner(info) != administrator:
		return errors.New("it does not belong to root; run chown root on it")
	case info.Mode().Perm()&others != 0:
		return errors.New("others than root can write it; run chmod go-w on it")
	}
	return nil
}

func owner(info fs.FileInfo) int {
	if status, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(status.Uid)
	}
	return -1
}

func groupID(name string) (int, error) {
	group, err := user.LookupGroup(name)
	if err != nil {
		return 0, fmt.Errorf("there is no group %q", name)
	}
	return strconv.Atoi(group.Gid)
}

func syncFolder(dir *os.File) error { return dir.Sync() }
