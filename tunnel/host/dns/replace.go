package dns

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

const partSuffix = ".footbridge-new"

// exists reports whether there is something under a name, be it a link to nothing.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// keep gives a file a second name, so that it stays when its first one is taken over. Where the file is a mount of its own,
// as in containers, or the file system has no second names, it is copied.
func keep(path, second string) error {
	if os.Link(path, second) == nil {
		return syncDir(filepath.Dir(second))
	}
	if target, err := os.Readlink(path); err == nil {
		return os.Symlink(target, second)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	data, err := readFile(path)
	if err != nil {
		return err
	}
	if err := writeWhole(second+partSuffix, data, info.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Rename(second+partSuffix, second); err != nil {
		return err
	}
	return syncDir(filepath.Dir(second))
}

// overwrite puts text in the place of a file in one step, or, where the file is a mount of its own, into it.
func overwrite(path string, text []byte) error {
	if err := writeWhole(path+partSuffix, text, 0o644); err != nil {
		return err
	}
	if os.Rename(path+partSuffix, path) == nil {
		return syncDir(filepath.Dir(path))
	}
	if err := remove(path + partSuffix); err != nil {
		return err
	}
	return writeInto(path, text)
}

// moveBack puts a kept file in the place that it had.
func moveBack(second, path string) error {
	if !sameFileSystemObject(second, path) && os.Rename(second, path) == nil {
		return syncDir(filepath.Dir(path))
	}
	data, err := readFile(second)
	if err != nil {
		return err
	}
	if err := writeInto(path, data); err != nil {
		return err
	}
	return remove(second)
}

// sameFileSystemObject reports whether two names are one file: renaming one to the other would do nothing.
func sameFileSystemObject(a, b string) bool {
	infoA, errA := os.Lstat(a)
	infoB, errB := os.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// writeInto replaces what a file holds. It is never empty meanwhile.
func writeInto(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	return errors.Join(err, f.Truncate(int64(len(data))), f.Sync(), f.Close())
}

func writeWhole(path string, data []byte, mode fs.FileMode) error {
	if err := remove(path); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
