//go:build unix

package agent

import "syscall"

// apart starts a process in a session of its own: closing the terminal does not reach it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
