//go:build !windows

package main

import "os"

// terminalFiles are where the user types and reads.
func terminalFiles() (in, out *os.File, err error) {
	file, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return file, file, err
}
