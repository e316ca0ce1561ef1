package entra

import (
	"context"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// openSystem lets Windows choose the browser.
func openSystem(ctx context.Context, address string) error {
	verb, err := windows.UTF16PtrFromString("open")
	if err != nil {
		return err
	}
	file, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return err
	}
	opened := make(chan error, 1)
	go func() { opened <- windows.ShellExecute(0, verb, file, nil, nil, windows.SW_SHOWNORMAL) }()
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
		return nil
	}
}

// apart starts a program in a console group of its own, so that Ctrl-C is not for it.
func apart(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
