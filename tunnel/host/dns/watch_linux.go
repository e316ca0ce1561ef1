package dns

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// calm is the least time between two reports of a changed file: two programs that each put their own back must not spin.
const calm = time.Second

// watchFile calls changed when another program writes, replaces or removes the file, until stop is called.
func watchFile(path string, changed func()) (stop func(), err error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", path, err)
	}
	_, err = unix.InotifyAddWatch(fd, filepath.Dir(path), unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_DELETE)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("watch %s: %w", path, err), unix.Close(fd))
	}
	file := os.NewFile(uintptr(fd), "inotify")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		report(file, filepath.Base(path), changed)
	}()
	return func() {
		_ = file.Close()
		<-stopped
	}, nil
}

// report reads events, whose names are padded with zeros, until the file is closed.
func report(file *os.File, name string, changed func()) {
	buffer := make([]byte, 16<<10)
	var last time.Time
	for {
		n, err := file.Read(buffer)
		if err != nil {
			return
		}
		if !bytes.Contains(buffer[:n], append([]byte(name), 0)) {
			continue
		}
		if wait := calm - time.Since(last); wait > 0 && file.SetReadDeadline(time.Now().Add(wait)) == nil {
			drain(file, buffer)
			if file.SetReadDeadline(time.Time{}) != nil {
				return
			}
		}
		last = time.Now()
		changed()
	}
}

// drain reads events until the deadline.
func drain(file *os.File, buffer []byte) {
	for {
		if _, err := file.Read(buffer); err != nil {
			return
		}
	}
}
