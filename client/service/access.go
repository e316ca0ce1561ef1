package service

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/service/policy"
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

func (a Access) inGroup(uid uint32) bool { return a.Group != "" && memberOf(uid, a.Group) }

// role is what a caller may do, the administrator's policy considered; empty: nothing. The mutex is held.
func (s *Service) role(uid uint32) api.Role {
	role := s.options.Access.role(uid)
	if role == api.Manage || s.policyProblem != "" {
		return role
	}
	if s.policy.Operate != nil {
		role = api.Observe
		if s.options.Access.among(uid, *s.policy.Operate) {
			role = api.Operate
		}
	}
	if role == api.Observe && s.policy.Observe != nil && !s.options.Access.among(uid, *s.policy.Observe) {
		return ""
	}
	return role
}

// among reports whether a rule is about a user.
func (a Access) among(uid uint32, people policy.People) bool {
	if people.LoggedIn && a.loggedIn(uid) {
		return true
	}
	number := strconv.FormatUint(uint64(uid), 10)
	if slices.Contains(people.Users, number) {
		return true
	}
	if account, err := user.LookupId(number); err == nil && slices.Contains(people.Users, account.Username) {
		return true
	}
	return slices.ContainsFunc(people.Groups, func(group string) bool { return memberOf(uid, group) })
}

// memberOf reports whether a user belongs to a group, by its name or number.
func memberOf(uid uint32, name string) bool {
	group, err := user.LookupGroup(name)
	if err != nil {
		if group, err = user.LookupGroupId(name); err != nil {
			return false
		}
	}
	caller, err := user.LookupId(strconv.FormatUint(uint64(uid), 10))
	if err != nil {
		return false
	}
	groups, err := caller.GroupIds()
	return err == nil && slices.Contains(groups, group.Gid)
}
