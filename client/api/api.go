// Package api is the contract between the user's programs and the service: JSON over HTTP/1.1 on a Unix socket.
package api

import (
	"encoding/json"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// Version of the contract; it stands in every path.
const Version = 1

// DefaultSocket is where the service listens.
const DefaultSocket = "/run/footbridge/footbridged.sock"

// The paths of version 1. Session and question ids follow those that end in a slash.
const (
	PathStatus   = "/v1/status"     // GET: a Snapshot
	PathEvents   = "/v1/events"     // GET: a Message a line
	PathSessions = "/v1/sessions"   // POST: a ConnectRequest; answered with a Session
	PathSession  = "/v1/sessions/"  // DELETE: disconnect; answered when the session begins to end. PUT on …/sign-in: a SignIn
	PathQuestion = "/v1/questions/" // POST: an Answer
	PathProfiles = "/v1/profiles"   // GET: a MachineProfiles
	PathHistory  = "/v1/history"    // GET: a History, newest first; query: limit
	PathLogs     = "/v1/logs"       // GET: a LogRecord a line, oldest first; query: follow, level, since, session
	PathRepair   = "/v1/repair"     // POST: undo what killed tunnels left; answered with a Repair
	PathPolicy   = "/v1/policy"     // GET: a Policy
	PathFleet    = "/v1/fleet"      // GET: a Fleet. POST: look at the manifest now; answered with a Fleet
)

// SignInSuffix follows a session's path.
const SignInSuffix = "/sign-in"

// The limits of the contract, in bytes.
const (
	MaxRequest = 8 << 20 // the body of a ConnectRequest; a profile's file is far smaller
	MaxAnswer  = 64 << 10
	MaxMessage = 4 << 20 // a line of the event stream
)

// Role is what a caller may do. Each holds the ones before it.
type Role string

// The roles.
const (
	Observe Role = "observe" // see that something runs
	Operate Role = "operate" // connect, and see, answer and end one's own sessions
	Manage  Role = "manage"  // see and end everybody's sessions
)

// Snapshot is everything that the caller may see.
type Snapshot struct {
	Version  int       `json:"version"`
	Service  string    `json:"service"` // the service's own version
	UID      uint32    `json:"uid"`     // the caller, as the kernel knows it
	Role     Role      `json:"role"`
	Sessions []Session `json:"sessions"`
	Others   int       `json:"others"` // how many sessions there are that the caller may not see
	Policy   *Policy   `json:"policy,omitempty"`
}

// Message is one line of the event stream. The first has a snapshot. A later snapshot replaces all that was said before: the reader
// was too slow for the changes.
type Message struct {
	Number   uint64    `json:"number"` // counts up by one a line
	Snapshot *Snapshot `json:"snapshot,omitempty"`
	Change   *Change   `json:"change,omitempty"`
}

// Change is what changed. Exactly one field is set.
type Change struct {
	Session *Session      `json:"session,omitempty"` // this session is new, or is now like this
	Event   *SessionEvent `json:"event,omitempty"`   // something happened in a session; its Session follows
	Removed string        `json:"removed,omitempty"` // the session with this id is over
	Ended   *Record       `json:"ended,omitempty"`   // how a session ended; its Removed follows
	Policy  *Policy       `json:"policy,omitempty"`  // the policy is now like this
	Machine bool          `json:"machine,omitempty"` // machine profiles changed: read PathProfiles again
	Others  *int          `json:"others,omitempty"`  // as in Snapshot
}

// SessionEvent is a tunnel's event with the session it is about.
type SessionEvent struct {
	Session string       `json:"session"`
	Event   tunnel.Event `json:"event"`
}

// Session is one connection that the service runs for a user.
type Session struct {
	ID             string          `json:"id"`
	UID            uint32          `json:"uid"` // the owner
	Profile        string          `json:"profile"`
	State          tunnel.State    `json:"state"`
	Since          time.Time       `json:"since"`           // of the state
	Stage          tunnel.Stage    `json:"stage,omitempty"` // how far the present attempt is
	Problem        *tunnel.Problem `json:"problem,omitempty"`
	Connection     *tunnel.Session `json:"connection,omitempty"`       // while connected
	Reconnects     int             `json:"reconnects"`                 // since the session began
	RetryAt        *time.Time      `json:"retry_at,omitempty"`         // when the next attempt begins, while one is waited for
	Warnings       []string        `json:"warnings,omitempty"`         // what the user should know; the connection goes on
	Overlaps       []Overlap       `json:"overlaps,omitempty"`         // with other sessions' routes
	SignIn         *SignIn         `json:"sign_in,omitempty"`          // as the owner's program said
	Machine        string          `json:"machine_profile,omitempty"`  // id of the machine profile that it runs
	Suspended      string          `json:"suspended,omitempty"`        // why an always-on connection is not needed now: the trusted network
	Traffic        tunnel.Traffic  `json:"traffic"`                    // up to when this was sent
	Questions      []Question      `json:"questions,omitempty"`        // to the owner only
	WaitingForUser bool            `json:"waiting_for_user,omitempty"` // there is a question, and no program of the owner is connected
}

// ConnectRequest asks for a connection with a profile of the caller's, or with a machine profile.
type ConnectRequest struct {
	Profile        []byte             `json:"profile,omitempty"`         // the content of a profile's file; base64 in JSON
	Completion     json.RawMessage    `json:"completion,omitempty"`      // what the file cannot say, as profiles/store.Encode writes it
	Name           string             `json:"name,omitempty"`            // which profile, where the file holds several; what to call it, where it holds one
	MachineProfile string             `json:"machine_profile,omitempty"` // id of a machine profile, instead of Profile
	Settings       *settings.Revealed `json:"settings,omitempty"`        // applied to the profile; for a machine profile only what its policy leaves to users
	Certificate    string             `json:"certificate,omitempty"`     // the client's certificate and its intermediates, PEM, without the private key
	LeaveDNS       bool               `json:"leave_dns,omitempty"`       // do not touch this computer's name resolution
	EndWithMe      bool               `json:"end_with_me,omitempty"`     // disconnect when the owner's last event stream ends
}

// String keeps the request, which holds secrets, out of logs.
func (ConnectRequest) String() string { return "request to connect [secret]" }

// GoString is String.
func (r ConnectRequest) GoString() string { return r.String() }

// QuestionKind says what is asked.
type QuestionKind string

// The kinds of questions.
const (
	AskCredential QuestionKind = "credential" // Username and Password: a password or an access token
	AskChallenge  QuestionKind = "challenge"  // Response: an answer to the gateway's Text
	AskSign       QuestionKind = "sign"       // Signature over Digest by the certificate's private key
)

// Question is asked of the programs of a session's owner. The first answer counts.
type Question struct {
	ID       string          `json:"id"`
	Kind     QuestionKind    `json:"kind"`
	Reason   tunnel.Reason   `json:"reason,omitempty"`
	Refused  *tunnel.Problem `json:"refused,omitempty"` // what the gateway said of the last answer
	Username string          `json:"username,omitempty"`
	Text     string          `json:"text,omitempty"`
	Echo     bool            `json:"echo,omitempty"`

	// With AskSign.
	Digest []byte `json:"digest,omitempty"` // the message itself where Hash is empty (Ed25519)
	Hash   string `json:"hash,omitempty"`   // as crypto.Hash.String: "SHA-256"
	PSS    bool   `json:"pss,omitempty"`    // RSASSA-PSS with a salt as long as the hash; else PKCS #1 v1.5 for RSA keys
}

// Answer answers a question.
type Answer struct {
	Cancel    bool   `json:"cancel,omitempty"` // the user does not want to answer
	Username  string `json:"username,omitempty"`
	Password  string `json:"password,omitempty"`
	Response  string `json:"response,omitempty"`
	Signature []byte `json:"signature,omitempty"`
}

// String keeps the answer, which is a secret, out of logs.
func (Answer) String() string { return "answer [secret]" }

// GoString is String.
func (a Answer) GoString() string { return a.String() }
