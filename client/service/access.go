package service

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/footbridge-vpn/footbridge/client/api"
)

// firstUserUID is where Debian, Fedora and their like begin to number people (login.defs, UID_MIN).
const firstUserUID = 1000

// nobodyUID is what a user of another namespace shows as.
const nobodyUID = 65534

// Access decides what a caller may do.
type Access struct {
	// Group, by name, has operators besides those who are logged in here. Empty: none has.
	Group string
	// LoginDir is where logind keeps a file for each user that is logged in. Empty: /run/systemd/users. Where there is no such
	// folder there is no logind, and every person may operate.
	LoginDir string
}

func (a Access) role(uid uint32) api.Role {
	switch {
	case uid == 0:
		return api.Manage
	case a.inGroup(uid), a.loggedIn(uid):
		return api.Operate
	default:
		return api.Observe
	}
}

// loggedIn reports whether a person is logged in on this computer.
func (a Access) loggedIn(uid uint32) bool {
	if uid < firstUserUID || uid == nobodyUID {
		return false
	}
	dir := a.LoginDir
	if dir == "" {
		dir = "/run/systemd/users"
	}
	if _, err := os.Stat(dir); os.IsNotExist(err) {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, strconv.FormatUint(uint64(uid), 10)))
	return err == nil
}

func (a Access) inGroup(uid uint32) bool {
	if a.Group == "" {
		return false
	}
	group, err := user.LookupGroup(a.Group)
	if err != nil {
		return false
	}
	caller, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return false
	}
	groups, err := caller.GroupIds()
	return err == nil && slices.Contains(groups, group.Gid)
}
