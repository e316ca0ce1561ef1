package main

import (
	"os"

	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// needRoot refuses those who are not root, with the command that an administrator types. On Windows nobody has a user id, and the system
// refuses by itself.
func needRoot(code string, command ...string) error {
	if os.Geteuid() <= 0 {
		return nil
	}
	return &commandError{code: code, exit: exitPermission, command: shell.Command(append([]string{"sudo", "footbridge"}, command...)...)}
}

// administered is the store of everybody's profiles, for an administrator.
func (a *app) administered(command []string) (*store.Store, error) {
	if err := needRoot("machine-needs-root", command...); err != nil {
		return nil, err
	}
	return a.machineStore()
}
