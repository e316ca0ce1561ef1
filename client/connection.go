package client

import (
	"net"
	"strconv"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// Connection is a profile that the user can connect with, and the session that it has.
type Connection struct {
	ID             string // of the profile; a machine profile's begins with MachinePrefix
	Name           string
	Authentication profiles.AuthenticationType
	Servers        []string // "host:port"
	Settings       settings.Settings
	Entry          *store.Entry        // the user's own; nil: an administrator's
	Machine        *api.MachineProfile // an administrator's; nil: the user's own
	AlwaysOn       bool                // the user may not disconnect it
	Session        *api.Session        // nil: there is none
}

// MachinePrefix tells the ids of machine profiles from those of the user's own.
const MachinePrefix = "machine:"

// Secondary is the name of the profile to connect with where this one cannot be; empty: none. The client that a profile comes from
// writes "None" too.
func (c Connection) Secondary() string {
	name := c.Settings.SecondaryProfile
	if name == "" && c.Entry != nil {
		name = c.Entry.Profile.SecondaryProfile
	}
	if strings.EqualFold(name, "none") || strings.EqualFold(name, c.Name) {
		return ""
	}
	return name
}

// has reports whether a session is the connection's, for the user with an id.
func (c Connection) has(session api.Session, uid uint32) bool {
	if c.Machine != nil {
		return session.Machine == c.Machine.ID
	}
	return session.UID == uid && session.Machine == "" && session.Profile == c.Name
}

func ownConnection(entry store.Entry) Connection {
	return Connection{ID: entry.ID, Name: entry.Name, Authentication: entry.Profile.Authentication.Type, Servers: Servers(entry.Profile),
		Settings: entry.Settings, Entry: &entry}
}

func machineConnection(machine api.MachineProfile) Connection {
	return Connection{ID: MachinePrefix + machine.ID, Name: machine.Name, Authentication: machine.Authentication, Servers: machine.Servers,
		Settings: machine.Settings, Machine: &machine}
}

// Servers are a profile's as "host:port".
func Servers(p *profiles.Profile) []string {
	list := []string{}
	for _, server := range p.Servers {
		list = append(list, net.JoinHostPort(server.Host, strconv.Itoa(int(server.Port))))
	}
	return list
}
