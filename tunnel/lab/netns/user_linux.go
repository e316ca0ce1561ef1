package netns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// insideMark tells the program that EnterUser started it again, and for which user.
const insideMark = "FOOTBRIDGE_LAB_USER_NAMESPACE"

// EnterUser makes namespaces possible without root, where the machine allows it. To be called first thing in main. For root it does nothing.
// For anyone else it runs this program again, with the same arguments, as root of a user, network and mount namespace of its own, and
// returns its exit code with done set when it has ended. Signals to end are passed on.
func EnterUser() (code int, done bool, err error) {
	if os.Getenv(insideMark) != "" {
		return 0, false, settle()
	}
	if os.Geteuid() == 0 {
		return 0, false, nil
	}
	code, err = runInside()
	return code, true, err
}

// Inside reports whether this program runs in a user namespace that EnterUser made.
func Inside() bool { return os.Getenv(insideMark) != "" }

// User is the number of the user who runs this program, also where that user is root inside.
func User() int {
	if user, err := strconv.Atoi(os.Getenv(insideMark)); err == nil {
		return user
	}
	return os.Geteuid()
}

// settle makes the fresh namespaces usable: /run belongs to the machine's root, so it gets one of its own.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("footbridge-lab", "/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(loopback)
	}
	return wrap(err, "set up loopback")
}

func runInside() (int, error) {
	program, err := os.Executable()
	if err != nil {
		return 0, fmt.Errorf("find this program: %w", err)
	}
	command := exec.Command(program, os.Args[1:]...)
	command.Args[0] = os.Args[0]
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(), insideMark+"="+strconv.Itoa(os.Getuid()))
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		Setpgid:     true,            // so that an interrupt from the terminal comes once, from here
		Pdeathsig:   syscall.SIGTERM, // whoever ends this process ends the other, which then cleans up
	}
	runtime.LockOSThread() // Pdeathsig is about the thread
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("make a user namespace (run as root where the machine forbids it): %w", err)
	}
	defer passSignals(command.Process)()
	err = command.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}

// passSignals passes signals to end on to a process until the returned function is called.
func passSignals(process *os.Process) (stop func()) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				_ = process.Signal(s) // it may have ended this moment
			case <-ended:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(ended)
	}
}
