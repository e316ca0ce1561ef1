package dns

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/godbus/dbus/v5"
)

// callTimeout bounds one call on the bus, and one run of a program: whoever connects waits for it.
const callTimeout = 5 * time.Second

// Environment is what name resolution needs to know of this computer and to do on it.
type Environment struct {
	// Root is where the file system begins.
	Root string
	// Bus opens a connection of its own to the system bus.
	Bus func(context.Context) (*dbus.Conn, error)
	// HasOwner reports whether a service is on the bus, or can be started there.
	HasOwner func(ctx context.Context, name string) bool
	// LookPath finds a program.
	LookPath func(name string) (string, error)
	// Run runs a program with an input and returns what it wrote.
	Run func(ctx context.Context, input []byte, name string, args ...string) ([]byte, error)
	// Owner names this process so that no later one has the same name.
	Owner string
	// Alive reports whether the process with this name lives.
	Alive func(owner string) bool
}

// ThisComputer is the environment that programs use.
func ThisComputer() Environment {
	return Environment{
		Root:     "/",
		Bus:      systemBus,
		HasOwner: hasOwner,
		LookPath: lookPath,
		Run:      run,
		Owner:    ownProcess(),
		Alive:    processAlive,
	}
}

func (e Environment) path(name string) string { return filepath.Join(e.Root, name) }

func systemBus(ctx context.Context) (*dbus.Conn, error) {
	return dbus.ConnectSystemBus(dbus.WithContext(ctx))
}

func hasOwner(ctx context.Context, name string) bool {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := systemBus(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	var has bool
	err = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, name).Store(&has)
	return err == nil && has
}

// lookPath also finds programs for the administrator, which may not be in a service's PATH.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/sbin", name))
}

func run(ctx context.Context, input []byte, name string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Stdin = bytes.NewReader(input)
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	if err != nil {
		return output, fmt.Errorf("run %s: %w: %.200s", filepath.Base(name), err, bytes.TrimSpace(output))
	}
	return output, nil
}
