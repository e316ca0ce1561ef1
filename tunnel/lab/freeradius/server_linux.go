package freeradius

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// ErrNotInstalled says that there is no freeradius program on this computer.
var ErrNotInstalled = errors.New("freeradius is not installed (apt-get install freeradius)")

// Options describes a server. The zero value is one on a free port of 127.0.0.1.
type Options struct {
	Namespace *netns.Namespace // nil: where this process is
	Listen    netip.AddrPort   // IPv4, and the next port for accounting; zero: free ones of 127.0.0.1
	Secret    string           // shared with gateways; empty: a random one
	Delay     time.Duration    // how long Paul takes to tap on his phone; 0: DefaultDelay
	Directory string           // for its files, which then stay; empty: a temporary one
}

// DefaultDelay is how long Paul takes, as users of Azure with a prompt on their phone do.
const DefaultDelay = 40 * time.Second

// grace is how long FreeRADIUS may take to end by itself before it is killed.
const grace = 5 * time.Second

// Server is a running FreeRADIUS. It is safe for concurrent use.
type Server struct {
	options   Options
	directory string
	temporary bool
	command   *exec.Cmd
	output    *output
	ended     <-chan struct{} // closed when the process has ended
}

// Start starts a server and waits until it answers. The caller must Stop it.
func Start(ctx context.Context, options Options) (*Server, error) {
	s, err := prepare(options)
	if err != nil {
		return nil, fmt.Errorf("start FreeRADIUS: %w", err)
	}
	if err := s.start(); err != nil {
		return nil, fmt.Errorf("start FreeRADIUS: %w", errors.Join(err, s.removeFiles()))
	}
	if err := s.output.wait(ctx, "Ready to process requests", s.ended); err != nil {
		return nil, fmt.Errorf("start FreeRADIUS: %w", errors.Join(err, s.Stop()))
	}
	return s, nil
}

func prepare(options Options) (*Server, error) {
	if options.Delay == 0 {
		options.Delay = DefaultDelay
	}
	if options.Secret == "" {
		options.Secret = rand.Text()
	}
	if strings.ContainsAny(options.Secret, "\"\\\n$%{}") {
		return nil, errors.New("the secret has characters that FreeRADIUS's configuration has other uses for")
	}
	if !options.Listen.IsValid() {
		listen, err := freePorts()
		if err != nil {
			return nil, err
		}
		options.Listen = listen
	}
	if !options.Listen.Addr().Is4() {
		return nil, fmt.Errorf("%s is no IPv4 address", options.Listen.Addr())
	}
	s := &Server{options: options, directory: options.Directory, output: newOutput()}
	var err error
	if s.directory == "" {
		s.temporary = true
		s.directory, err = os.MkdirTemp("", "footbridge-radius-")
	} else {
		if s.directory, err = filepath.Abs(s.directory); err == nil {
			err = os.MkdirAll(s.directory, 0o700)
		}
	}
	return s, err
}

// freePorts finds two ports next to each other.
func freePorts() (netip.AddrPort, error) {
	for {
		first, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return netip.AddrPort{}, err
		}
		address, err := netip.ParseAddrPort(first.LocalAddr().String())
		if err != nil {
			return netip.AddrPort{}, errors.Join(err, first.Close())
		}
		second, busy := net.ListenPacket("udp4", netip.AddrPortFrom(address.Addr(), address.Port()+1).String())
		if err := first.Close(); err != nil || busy == nil {
			if busy == nil {
				err = errors.Join(err, second.Close())
			}
			return address, err
		}
	}
}

func (s *Server) start() error {
	program, err := exec.LookPath("freeradius")
	if err != nil {
		return ErrNotInstalled
	}
	// Modules and dictionaries are found beside the program, also where the package was unpacked into a folder of its own.
	usr := filepath.Dir(filepath.Dir(program))
	libraries := filepath.Join(usr, "lib", "freeradius")
	if err := s.writeFiles(libraries); err != nil {
		return err
	}
	arguments := []string{"-f", "-d", s.directory, "-D", filepath.Join(usr, "share", "freeradius"), "-n", configName, "-l", "stdout"}
	s.command = exec.Command(program, arguments...)
	if s.options.Namespace != nil {
		s.command = s.options.Namespace.Command(context.Background(), program, arguments...)
	}
	s.command.Dir = s.directory
	s.command.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries+":"+os.Getenv("LD_LIBRARY_PATH"))
	s.command.Stdout, s.command.Stderr = s.output, s.output
	waited, err := netns.StartTied(s.command)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		<-waited
		close(ended)
	}()
	s.ended = ended
	return nil
}

const configName = "lab"

func (s *Server) writeFiles(libraries string) error {
	values := strings.NewReplacer(
		"@directory@", s.directory, "@modules@", libraries, "@secret@", s.options.Secret, "@code@", CarolCode, "@question@", ChallengeText, "@expired@", ExpiredMessage,
		"@address@", s.options.Listen.Addr().String(), "@port@", strconv.Itoa(int(s.options.Listen.Port())),
		"@accounting@", strconv.Itoa(int(s.options.Listen.Port())+1),
	)
	for name, content := range map[string]string{configName + ".conf": server + modules + policy, "users": users, "wait.pl": wait, "dictionary": ""} {
		if err := os.WriteFile(filepath.Join(s.directory, name), []byte(values.Replace(content)), 0o600); err != nil {
			return err
		}
	}
	return s.SetDelay(s.options.Delay)
}

// SetDelay changes how long Paul takes, from the next time on.
func (s *Server) SetDelay(delay time.Duration) error {
	path := filepath.Join(s.directory, "delay")
	if err := os.WriteFile(path+".new", []byte(strconv.FormatFloat(delay.Seconds(), 'f', 3, 64)+"\n"), 0o600); err != nil {
		return fmt.Errorf("set delay of FreeRADIUS: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("set delay of FreeRADIUS: %w", err)
	}
	return nil
}

// Address is where the server answers, in its namespace.
func (s *Server) Address() netip.AddrPort { return s.options.Listen }

// Secret is what it shares with gateways.
func (s *Server) Secret() string { return s.options.Secret }

// Log is what the server printed, at most the last lines. It holds user names and no passwords.
func (s *Server) Log() []string { return s.output.snapshot() }

// Stop ends the server and removes the files it was given. Calling it again does nothing.
func (s *Server) Stop() error {
	err := s.command.Process.Signal(syscall.SIGTERM)
	if errors.Is(err, os.ErrProcessDone) {
		err = nil
	}
	select {
	case <-s.ended:
	case <-time.After(grace): // somebody is still waiting for Paul
		if killed := s.command.Process.Kill(); killed != nil && !errors.Is(killed, os.ErrProcessDone) {
			err = errors.Join(err, killed)
		}
		<-s.ended
	}
	if err := errors.Join(err, s.removeFiles()); err != nil {
		return fmt.Errorf("stop FreeRADIUS: %w", err)
	}
	return nil
}

func (s *Server) removeFiles() error {
	if !s.temporary {
		return nil
	}
	return os.RemoveAll(s.directory)
}
