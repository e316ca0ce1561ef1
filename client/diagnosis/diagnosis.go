// Package diagnosis finds out why a connection does not work, step by step, and says what to do about it and who can.
package diagnosis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Verdict is what a check found.
type Verdict string

// The verdicts.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning" // it works, or may, but somebody should know
	Failed  Verdict = "failed"
	Skipped Verdict = "skipped" // it was not looked at, Detail says why
	Unknown Verdict = "unknown" // it was looked at and could not be found out
)

// Who can do what a remedy says.
type Who string

// Those who can mend something.
const (
	User          Who = "user"
	Administrator Who = "administrator" // of the gateway or of this computer
	Network       Who = "network"       // whoever runs the network that this computer is in
)

// Stage is a part of the way from this computer to a host behind the gateway.
type Stage string

// The stages in the order of the way. A stage may give several checks.
const (
	StageService    Stage = "service"    // the Footbridge service runs
	StagePermission Stage = "permission" // the user may connect
	StagePolicy     Stage = "policy"     // the administrator allows it
	StageNetwork    Stage = "network"    // this computer is in a network
	StageInternet   Stage = "internet"   // the Internet answers
	StagePortal     Stage = "portal"     // no sign-in page stands in between
	StageClock      Stage = "clock"      // the clock is right
	StageProxy      Stage = "proxy"      // the proxy leads to the gateway
	StageNames      Stage = "names"      // the gateway's name has an address
	StageReach      Stage = "reach"      // something answers at the gateway's port
	StageOpenVPN    Stage = "openvpn"    // it speaks OpenVPN
	StageSecret     Stage = "secret"     // it knows the profile's secret (tls-auth)
	StageTLS        Stage = "tls"        // a secure connection can be set up
	StageGateway    Stage = "gateway"    // it is the profile's gateway
	StageCredential Stage = "credential" // what the user proves who they are with is in order
	StageSignIn     Stage = "sign-in"    // the gateway accepts it
	StagePush       Stage = "push"       // the gateway's configuration is of use
	StageRoutes     Stage = "routes"     // nothing else on this computer takes the tunnel's traffic
	StageDNS        Stage = "tunnel-dns" // names are resolved through the tunnel
	StageHost       Stage = "host"       // the host that the user named answers
)

// Check is one thing that was looked at. ID says what was found; it does not change between versions, and Sentence, Remedy and Who follow
// from it (see Texts). Detail holds names and numbers, never a secret.
type Check struct {
	ID       ID            `json:"id"`
	Stage    Stage         `json:"stage"`
	Verdict  Verdict       `json:"verdict"`
	Sentence string        `json:"sentence"`
	Remedy   string        `json:"remedy,omitempty"`
	Who      Who           `json:"who,omitempty"` // can do what Remedy says
	Detail   string        `json:"detail,omitempty"`
	Took     time.Duration `json:"took_ns"`
}

// Result is what a diagnosis found. Summary is the first cause: the failed check that the others follow from, else the first warning,
// else that all is well.
type Result struct {
	Profile string        `json:"profile,omitempty"`
	Server  string        `json:"server,omitempty"` // that was talked to
	Started time.Time     `json:"started"`
	Took    time.Duration `json:"took_ns"`
	Summary Check         `json:"summary"`
	Checks  []Check       `json:"checks"`
}

// Service is what a diagnosis asks of the service; an *api.Client is one.
type Service interface {
	Status(context.Context) (*api.Snapshot, error)
	Policy(context.Context) (*api.Policy, error)
}

// Options says what to diagnose, and with what. Everything may be left out: what is not there is not looked at.
type Options struct {
	Profile        *profiles.Profile
	Settings       *settings.Settings // applied to Profile; nil: they are already
	MachineProfile bool               // Profile is one that an administrator installed
	// Certificate is the client certificate with its key. The gateway is signed in to with it, unless a session of the profile is connected.
	Certificate *tls.Certificate
	// CertificateError is why there is no Certificate although one should be there.
	CertificateError error
	// Credential gets the user name and password or token to sign in with; nil: that is not tried.
	Credential func(context.Context) (Credential, error)
	// Account is who is signed in for an Entra profile; empty: nobody.
	Account string
	// Token is the access token that is there for an Entra profile; empty: none. It is looked at, and sent nowhere.
	Token secret.Text

	Service Service      // nil: the service is not asked
	Session *api.Session // of the profile; nil: the service's
	Version string       // of this program
	Host    string       // that the user wants to reach: a name or an address, with or without a port; empty: none

	Probes   Probes
	Resolver transport.Resolver // nil: the system's
	// Dial opens sockets, to addresses only; nil: net.Dialer's. The gateway and the proxy are dialled as a tunnel does it.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Computer reads what this computer's network is like; nil: ThisComputer.
	Computer    func(context.Context) (*Computer, error)
	Now         func() time.Time                    // nil: time.Now
	SystemRoots func() ([]*x509.Certificate, error) // for gateways; nil: this computer's
	RootCAs     *x509.CertPool                      // for web servers; nil: this computer's
	Environment func(name string) string            // nil: os.Getenv
	Logger      *slog.Logger

	gatewayWait time.Duration // zero: gatewayPatience; shorter in tests
}

// Credential is what to sign in with.
type Credential struct {
	Username string
	Password secret.Text // a password, or an access token
}

func (c Credential) answer() *tunnel.Answer {
	return &tunnel.Answer{Username: c.Username, Password: c.Password}
}

// Probes are the servers on the Internet that show whether there is one. The zero value is Microsoft's.
type Probes struct {
	// InternetURL is fetched over HTTP. It answers with status 204 or, where Expected is not empty, with a page that has Expected in it.
	InternetURL string
	Expected    string
	// ClockURL is asked for the time over HTTPS.
	ClockURL string
	// Off asks no such server.
	Off bool
}

// The servers by which Windows finds out the same ("NCSI", learn.microsoft.com), and the one that signs people in.
const (
	defaultInternetURL = "http://www.msftconnecttest.com/connecttest.txt"
	defaultExpected    = "Microsoft Connect Test"
	defaultClockURL    = "https://login.microsoftonline.com/"
)

// Limit bounds a whole diagnosis, whatever the network does.
const Limit = 20 * time.Second

// Run looks at everything from this computer to the host and tells observe each check, in the order of the way, as soon as it and all
// before it are done; observe may be nil. It ends within Limit. Where ctx ends earlier, what was not finished is Unknown.
func Run(ctx context.Context, options Options, observe func(Check)) Result {
	x := newExamination(options)
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	started := time.Now()
	result := Result{Started: x.now(), Checks: x.run(ctx, steps(), observe)}
	if x.profile != nil {
		result.Profile = x.profile.Name
	}
	result.Server = x.known().server()
	result.Summary = summarise(result.Checks)
	result.Took = time.Since(started)
	return result
}
