package openvpnd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNotInstalled says that there is no openvpn program on this computer.
var ErrNotInstalled = errors.New("openvpn is not installed (apt-get install openvpn)")

// Gateway is an OpenVPN gateway in a namespace.
type Gateway struct {
	*Process
}

// Start starts a gateway and waits until it takes clients. The caller must Stop it.
func Start(ctx context.Context, options Options) (*Gateway, error) {
	if err := options.check(); err != nil {
		return nil, fmt.Errorf("start OpenVPN gateway: %w", err)
	}
	process, err := prepare(options)
	if err != nil {
		return nil, fmt.Errorf("start OpenVPN gateway: %w", err)
	}
	if err := process.run(ctx); err != nil {
		return nil, fmt.Errorf("start OpenVPN gateway: %w", err)
	}
	return &Gateway{process}, nil
}

// run starts the process and waits until it is ready; if it never is, nothing is left of it.
func (p *Process) run(ctx context.Context) error {
	err := p.start()
	if err == nil {
		err = p.WaitReady(ctx)
	}
	if err != nil {
		return errors.Join(err, p.Stop())
	}
	return nil
}

func prepare(options Options) (*Process, error) {
	if _, err := exec.LookPath("openvpn"); err != nil {
		return nil, ErrNotInstalled
	}
	directory, temporary, err := workDirectory(options.Directory)
	if err != nil {
		return nil, err
	}
	process, err := newProcess(options.Namespace, directory, temporary, "--config", configFile)
	if err == nil {
		if err = options.writeFiles(directory); err != nil {
			process.log.file.Close()
		}
	}
	if err != nil && temporary {
		err = errors.Join(err, os.RemoveAll(directory))
	}
	return process, err
}

// workDirectory is the directory for a process's files. Its path is absolute and short enough for the management socket.
func workDirectory(wanted string) (directory string, temporary bool, err error) {
	if wanted == "" {
		directory, err = os.MkdirTemp("", "footbridge-openvpn-")
		return directory, true, err
	}
	if directory, err = filepath.Abs(wanted); err != nil {
		return "", false, err
	}
	return directory, false, os.MkdirAll(directory, 0o700)
}
