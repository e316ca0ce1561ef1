package openvpnd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// ready is what OpenVPN prints, as gateway and as client, when packets can flow.
var ready = regexp.MustCompile(`Initialization Sequence Completed`)

// grace is how long OpenVPN may take to end by itself before it is killed.
const grace = 10 * time.Second

// Process is an OpenVPN process in a namespace. It is safe for concurrent use.
type Process struct {
	namespace *netns.Namespace
	arguments []string
	directory string // its files
	temporary bool   // the directory goes with the process
	log       *log

	mu      sync.Mutex
	command *exec.Cmd
	ended   chan struct{} // closed when the command has ended
	exit    error         // valid once ended is closed
}

func newProcess(namespace *netns.Namespace, directory string, temporary bool, arguments ...string) (*Process, error) {
	file, err := os.OpenFile(filepath.Join(directory, "openvpn.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return &Process{namespace: namespace, arguments: arguments, directory: directory, temporary: temporary, log: newLog(file)}, nil
}

// start starts the program; the process is not ready yet.
func (p *Process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log.restart()
	command := p.namespace.Command(context.Background(), "openvpn", p.arguments...)
	command.Dir = p.directory
	command.Stdout, command.Stderr = p.log, p.log
	waited, err := netns.StartTied(command)
	if err != nil {
		return fmt.Errorf("start openvpn: %w", err)
	}
	ended := make(chan struct{})
	p.command, p.ended = command, ended
	go func() {
		err := <-waited
		p.log.end()
		p.mu.Lock()
		p.exit = err
		p.mu.Unlock()
		close(ended)
	}()
	return nil
}

// WaitReady waits until packets can flow.
func (p *Process) WaitReady(ctx context.Context) error {
	_, err := p.WaitLog(ctx, ready)
	return err
}

// WaitLog waits for a line in the log since the last start and returns it. It fails when the process ends without such a line.
func (p *Process) WaitLog(ctx context.Context, pattern *regexp.Regexp) (string, error) {
	return p.log.wait(ctx, pattern, 1)
}

// WaitLogCount waits for count lines that match and returns the last of them.
func (p *Process) WaitLogCount(ctx context.Context, pattern *regexp.Regexp, count int) (string, error) {
	return p.log.wait(ctx, pattern, count)
}

// Log is what the process printed since the last start, at most the last 20,000 lines.
func (p *Process) Log() []string { return p.log.snapshot() }

// LogFile is the path of the log of all starts, which is cut at 32 MiB.
func (p *Process) LogFile() string { return filepath.Join(p.directory, "openvpn.log") }

// PID is the process's number, for measuring it. 0: it was never started.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return 0
	}
	return p.command.Process.Pid
}

// Ended is closed when the process that was started last has ended.
func (p *Process) Ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

// Signal sends a signal, such as SIGUSR1 to make OpenVPN restart its connection.
func (p *Process) Signal(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return errors.New("signal openvpn: not started")
	}
	return p.command.Process.Signal(signal)
}

// Terminate ends the process as a system does when it shuts down, and waits. The files stay: it can be started again with Restart.
func (p *Process) Terminate() error { return p.end(syscall.SIGTERM) }

// Kill ends the process without warning (SIGKILL), and waits. The files stay.
func (p *Process) Kill() error { return p.end(syscall.SIGKILL) }

func (p *Process) end(signal syscall.Signal) error {
	p.mu.Lock()
	command, ended := p.command, p.ended
	p.mu.Unlock()
	if command == nil {
		return nil
	}
	if err := command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end openvpn: %w", err)
	}
	select {
	case <-ended:
		return nil
	case <-time.After(grace):
	}
	if err := command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill openvpn: %w", err)
	}
	<-ended
	return nil
}

// Restart starts the process again, after ending it if it runs, and waits until it is ready.
func (p *Process) Restart(ctx context.Context) error {
	if err := p.Terminate(); err != nil {
		return err
	}
	if err := p.start(); err != nil {
		return err
	}
	return p.WaitReady(ctx)
}

// Stop ends the process and removes the files it was given. Calling it again does nothing.
func (p *Process) Stop() error {
	errs := []error{p.Terminate()}
	if err := p.log.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		errs = append(errs, err)
	}
	if p.temporary {
		errs = append(errs, os.RemoveAll(p.directory))
	}
	return errors.Join(errs...)
}

// Exit is how the process ended: nil for exit code 0. Valid once Ended is closed.
func (p *Process) Exit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}
