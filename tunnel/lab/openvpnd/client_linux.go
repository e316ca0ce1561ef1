package openvpnd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// ClientOptions describes OpenVPN as a client: the yardstick.
type ClientOptions struct {
	Namespace *netns.Namespace
	Config    string   // the text of an .ovpn file
	Username  string   // for auth-user-pass; empty: none
	Password  string   // the same
	Further   []string // further lines of the configuration
	Directory string   // for its files, which then stay; empty: a temporary one
}

// StartClient starts a client without waiting for its connection: see Process.WaitReady and Process.WaitLog. The caller must Stop it.
func StartClient(options ClientOptions) (*Process, error) {
	if _, err := exec.LookPath("openvpn"); err != nil {
		return nil, fmt.Errorf("start OpenVPN client: %w", ErrNotInstalled)
	}
	directory, temporary, err := workDirectory(options.Directory)
	if err != nil {
		return nil, fmt.Errorf("start OpenVPN client: %w", err)
	}
	process, err := newProcess(options.Namespace, directory, temporary, "--config", "client.ovpn")
	if err == nil {
		if err = options.writeFiles(directory); err == nil {
			err = process.start()
		}
		if err != nil {
			return nil, fmt.Errorf("start OpenVPN client: %w", errors.Join(err, process.Stop()))
		}
		return process, nil
	}
	if temporary {
		err = errors.Join(err, os.RemoveAll(directory))
	}
	return nil, fmt.Errorf("start OpenVPN client: %w", err)
}

// ConnectClient starts a client and waits until packets can flow. If they never do, nothing is left of it.
func ConnectClient(ctx context.Context, options ClientOptions) (*Process, error) {
	process, err := StartClient(options)
	if err != nil {
		return nil, err
	}
	if err := process.WaitReady(ctx); err != nil {
		return nil, fmt.Errorf("connect OpenVPN client: %w", errors.Join(err, process.Stop()))
	}
	return process, nil
}

func (o *ClientOptions) writeFiles(directory string) error {
	var c configuration
	c.add("%s", o.Config)
	c.add("disable-dco")
	if o.Username != "" {
		c.add("auth-user-pass credentials")
		if err := os.WriteFile(filepath.Join(directory, "credentials"), []byte(o.Username+"\n"+o.Password+"\n"), 0o600); err != nil {
			return err
		}
	}
	for _, line := range o.Further {
		c.add("%s", line)
	}
	return os.WriteFile(filepath.Join(directory, "client.ovpn"), []byte(c.String()), 0o600)
}
