package bench

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// contender is one of the two clients.
type contender int

const (
	footbridge contender = iota
	openVPN
)

func (c contender) String() string {
	if c == footbridge {
		return "Footbridge"
	}
	return "OpenVPN"
}

func contenders() []contender { return []contender{footbridge, openVPN} }

// client is a contender's running process on the laptop.
type client struct {
	pid    int
	stop   func() error
	output func() string // for errors
}

// endLimit is how long a client may take to end.
const endLimit = 20 * time.Second

// start starts a contender without waiting for its connection.
func (b *bench) start(ctx context.Context, l *lab.Lab, c contender) (*client, error) {
	if c == openVPN {
		return startOpenVPN(l)
	}
	command := l.Laptop.Command(ctx, b.options.Footbridge, "run", l.Files.Package, "--cert", l.Files.Certificate, "--key", l.Files.Key,
		"--state-dir", filepath.Join(l.Files.Directory, "state"))
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	ended, err := netns.StartTied(command)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", b.options.Footbridge, err)
	}
	done := make(chan struct{})
	go func() {
		<-ended
		close(done)
	}()
	return &client{pid: command.Process.Pid, stop: func() error { return interrupt(command, done) }, output: func() string {
		interrupt(command, done) // its output is complete, and nobody writes to it
		return output.String()
	}}, nil
}

func interrupt(command *exec.Cmd, done <-chan struct{}) error {
	if err := command.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end footbridge: %w", err)
	}
	select {
	case <-done:
		return nil
	case <-time.After(endLimit):
		command.Process.Kill()
		<-done
		return errors.New("footbridge does not end when it is interrupted")
	}
}

func startOpenVPN(l *lab.Lab) (*client, error) {
	config, err := openVPNConfig(l)
	if err != nil {
		return nil, err
	}
	process, err := openvpnd.StartClient(openvpnd.ClientOptions{Namespace: l.Laptop, Config: config})
	if err != nil {
		return nil, err
	}
	return &client{pid: process.PID(), stop: process.Stop, output: func() string { return strings.Join(process.Log(), "\n") }}, nil
}

// openVPNConfig is the vpnconfig.ovpn of the profile package, with the client's certificate filled in as Azure's documentation says.
func openVPNConfig(l *lab.Lab) (string, error) {
	archive, err := zip.OpenReader(l.Files.Package)
	if err != nil {
		return "", fmt.Errorf("open profile package: %w", err)
	}
	defer archive.Close()
	file, err := archive.Open("OpenVPN/vpnconfig.ovpn")
	if err != nil {
		return "", fmt.Errorf("open profile package: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil {
		return "", fmt.Errorf("read vpnconfig.ovpn: %w", err)
	}
	certificate, err := os.ReadFile(l.Files.Certificate)
	if err != nil {
		return "", err
	}
	key, err := os.ReadFile(l.Files.Key)
	if err != nil {
		return "", err
	}
	return strings.NewReplacer("\r\n", "\n", "$CLIENTCERTIFICATE", string(certificate), "$PRIVATEKEY", string(key)).Replace(string(text)), nil
}
