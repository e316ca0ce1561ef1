package netns

import (
	"os/exec"
	"runtime"
	"syscall"
)

// StartTied starts a command that cannot outlive this process: it is killed when this process ends in any way. The channel delivers the
// command's end, as from its Wait, which the caller must not call.
func StartTied(command *exec.Cmd) (<-chan error, error) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The kernel watches the thread that started the command, so this one stays as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended <- command.Wait()
		}
	}()
	return ended, <-started
}
