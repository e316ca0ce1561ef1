package startup

import (
	"errors"

	"golang.org/x/sys/windows/registry"
)

func system(program Program) Entry { return RunKey{Values: userValues{}, Program: program} }

// The keys, under HKEY_CURRENT_USER.
const (
	runKey      = `Software\Microsoft\Windows\CurrentVersion\Run`
	approvedKey = `Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run`
)

// userValues are the user's own.
type userValues struct{}

// Command implements Values.
func (userValues) Command(name string) (value string, err error) {
	err = with(runKey, registry.QUERY_VALUE, func(key registry.Key) error {
		value, _, err = key.GetStringValue(name)
		return err
	})
	return value, err
}

// SetCommand implements Values.
func (userValues) SetCommand(name, command string) error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	return errors.Join(key.SetStringValue(name, command), key.Close())
}

// DeleteCommand implements Values.
func (userValues) DeleteCommand(name string) error {
	return with(runKey, registry.SET_VALUE, func(key registry.Key) error { return key.DeleteValue(name) })
}

// Approval implements Values.
func (userValues) Approval(name string) (value []byte, err error) {
	err = with(approvedKey, registry.QUERY_VALUE, func(key registry.Key) error {
		value, _, err = key.GetBinaryValue(name)
		return err
	})
	return value, err
}

// DeleteApproval implements Values.
func (userValues) DeleteApproval(name string) error {
	return with(approvedKey, registry.SET_VALUE, func(key registry.Key) error { return key.DeleteValue(name) })
}

// with opens a key. That it, or the value, is not there is no error.
func with(path string, access uint32, do func(registry.Key) error) error {
	key, err := registry.OpenKey(registry.CURRENT_USER, path, access)
	if err == nil {
		err = errors.Join(do(key), key.Close())
	}
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	return err
}
