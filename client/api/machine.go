package api

import (
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// MachineProfiles are the profiles that administrators installed for everybody on this computer.
type MachineProfiles struct {
	Profiles []MachineProfile `json:"profiles"`
	Damaged  []DamagedProfile `json:"damaged,omitempty"` // to those who may manage
}

// MachineProfile is what users may know of a profile that an administrator installed: everything but its secrets.
type MachineProfile struct {
	ID             string                      `json:"id"`
	Name           string                      `json:"name"`
	Servers        []string                    `json:"servers"` // "host:port"
	Transport      profiles.Transport          `json:"transport,omitempty"`
	Authentication profiles.AuthenticationType `json:"authentication"`
	Entra          *Entra                      `json:"entra,omitempty"`      // what a program needs to sign the user in
	Thumbprint     string                      `json:"thumbprint,omitempty"` // of the wanted client certificate
	Issuer         string                      `json:"issuer,omitempty"`     // of the wanted client certificate
	Device         bool                        `json:"device,omitempty"`     // signs in with the administrator's certificate: nobody is asked
	Settings       settings.Settings           `json:"settings"`             // redacted
	SHA256         string                      `json:"sha256"`               // of the profile's file, to notice a change
	Origin         Origin                      `json:"origin,omitempty"`     // where it comes from; empty: an administrator installed it on this computer
}

// Origin is where a machine profile comes from.
type Origin string

// The origins of machine profiles besides an administrator who installed them.
const (
	FromFleet      Origin = "fleet"       // the manifest that the computer follows
	FromDropFolder Origin = "drop-folder" // a file that a deployment tool put there
)

// Entra says how to get a token for a machine profile (profiles.Entra).
type Entra struct {
	Audience         string `json:"audience"`
	Issuer           string `json:"issuer,omitempty"`
	Tenant           string `json:"tenant"`
	ApplicationID    string `json:"application_id,omitempty"`
	CacheSignInUser  bool   `json:"cache_sign_in_user"`
	EnableGroupToken bool   `json:"enable_group_token,omitempty"`
}

// DamagedProfile is a file that is no profile any more.
type DamagedProfile struct {
	Path     string `json:"path"`
	Sentence string `json:"sentence"`
}

// SignIn is what the owner's program knows of the sign-in that a session uses.
type SignIn struct {
	Account string     `json:"account,omitempty"` // "alice@contoso.com"
	Expires *time.Time `json:"expires,omitempty"` // when the present token ends; it is renewed before where that can be done silently
	Needed  bool       `json:"needed,omitempty"`  // the user has to sign in before Expires, or the connection ends
	Message string     `json:"message,omitempty"` // why, and perhaps what to do; one or two sentences
	Command string     `json:"command,omitempty"` // that the user can sign in with now, "footbridge sign-in contoso"
}

// Overlap is a prefix that two sessions send into their tunnels. The more specific route wins; of equal ones the older session's.
type Overlap struct {
	Prefix  string `json:"prefix"`
	Session string `json:"session"` // the other
	Profile string `json:"profile"` // the other's, where the caller may know it
	Wins    bool   `json:"wins"`    // this session gets the packets
}

// EndReason says why a session ended.
type EndReason string

// The reasons why sessions end.
const (
	EndedByUser    EndReason = "user"    // disconnected
	EndedByProblem EndReason = "problem" // retrying was pointless
	EndedByPolicy  EndReason = "policy"  // the administrator's rules changed, or a trusted network made it unneeded
	EndedByService EndReason = "service" // the service stopped
	EndedByCrash   EndReason = "crash"   // the service was killed
)

// Record is a session that is over.
type Record struct {
	Session    string          `json:"session"` // its id
	UID        uint32          `json:"uid"`
	Profile    string          `json:"profile"`
	Machine    string          `json:"machine_profile,omitempty"`
	Started    time.Time       `json:"started"`
	Connected  *time.Time      `json:"connected,omitempty"` // the first time; nil: never
	Ended      time.Time       `json:"ended"`
	Server     string          `json:"server,omitempty"` // the last
	Traffic    tunnel.Traffic  `json:"traffic"`
	Reconnects int             `json:"reconnects"`
	Reason     EndReason       `json:"reason"`
	Problem    *tunnel.Problem `json:"problem,omitempty"`
}

// History is the sessions that are over, newest first: the caller's own, or all to those who may manage.
type History struct {
	Records []Record `json:"records"`
}

// LogRecord is one line of the service's log, about a caller's own sessions, or any to those who may manage.
type LogRecord struct {
	Time       time.Time         `json:"time"`
	Level      string            `json:"level"` // "DEBUG", "INFO", "WARN", "ERROR"
	Message    string            `json:"message"`
	Session    string            `json:"session,omitempty"`
	Attributes map[string]string `json:"attributes,omitempty"`
}

// Repair is what was undone.
type Repair struct {
	Undone   []string `json:"undone"` // one sentence each
	Remained []string `json:"remained,omitempty"`
}

// Policy is what an administrator decided, as far as a face has to show it.
type Policy struct {
	Source              string   `json:"source,omitempty"`  // the file; empty: there is none, everything is left to users
	Problem             string   `json:"problem,omitempty"` // why the file cannot be followed: nobody may connect until it is mended
	MachineProfilesOnly bool     `json:"machine_profiles_only,omitempty"`
	SavePasswords       bool     `json:"save_passwords"`      // users may
	AlwaysOn            []string `json:"always_on,omitempty"` // ids of machine profiles that users may not disconnect
	Locked              []string `json:"locked,omitempty"`    // keys of settings (profiles/settings) that users may not change
}
