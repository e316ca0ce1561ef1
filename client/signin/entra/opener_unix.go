//go:build unix

package entra

import (
	"os/exec"
	"syscall"
)

// apart starts a program in a session of its own, so that Ctrl-C is not for it.
func apart(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
}
