package agent

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// apart starts a process without a console: closing the terminal does not reach it.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.DETACHED_PROCESS, HideWindow: true}
}
