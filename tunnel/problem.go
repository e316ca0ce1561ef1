package tunnel

import "time"

// Problem is a way to fail that a user can meet: a stable code, one plain sentence, and the remedy. The log has the rest.
type Problem struct {
	Code     Code          `json:"code"`
	Sentence string        `json:"sentence"`
	Remedy   string        `json:"remedy"`
	Detail   string        `json:"detail,omitempty"` // what exactly was seen; never a secret
	Backoff  time.Duration `json:"-"`                // the wait that the gateway asked for; zero: none
	Advance  bool          `json:"-"`                // the gateway asked us to use its next address
	Final    bool          `json:"-"`                // retrying is pointless, whatever the code says
	Err      error         `json:"-"`
}

// Error implements error: the sentence and the remedy.
func (p *Problem) Error() string {
	text := p.Sentence
	if p.Detail != "" {
		text += " (" + p.Detail + ")"
	}
	if p.Remedy != "" {
		text += " " + p.Remedy
	}
	return text
}

// Unwrap returns the error behind the problem.
func (p *Problem) Unwrap() error { return p.Err }

// Code names a Problem for programs; it does not change between versions.
type Code string

// The problems of a connection.
const (
	NameNotFound        Code = "gateway-name-not-found"
	Unreachable         Code = "gateway-unreachable"
	Refused             Code = "gateway-refused-connection"
	NoAnswer            Code = "gateway-no-answer"
	NotOpenVPN          Code = "not-an-openvpn-server"
	SecretRefused       Code = "profile-secret-refused"
	TLSStalled          Code = "tls-stalled"
	TLSFailed           Code = "tls-failed"
	TLSReset            Code = "reset-during-tls"
	GatewayUntrusted    Code = "gateway-not-trusted"
	GatewayWrongName    Code = "gateway-wrong-name"
	GatewayExpired      Code = "gateway-certificate-expired"
	CertificateRefused  Code = "client-certificate-refused"
	CertificateExpired  Code = "client-certificate-expired"
	CertificateMissing  Code = "client-certificate-missing"
	CertificateWrong    Code = "client-certificate-unsuitable"
	SignerFailed        Code = "client-key-failed"
	ResetAfterKey       Code = "reset-after-key-material"
	AuthFailed          Code = "sign-in-refused"
	AuthSessionExpired  Code = "sign-in-expired"
	AuthTemporary       Code = "sign-in-unavailable"
	AuthQuestion        Code = "sign-in-question"
	CredentialCancelled Code = "sign-in-cancelled"
	NoPushReply         Code = "no-configuration-from-gateway"
	Unsupported         Code = "unsupported-by-this-client"
	PushRejected        Code = "configuration-rejected"
	ConnectionLost      Code = "connection-lost"
	PingTimeout         Code = "gateway-silent"
	GatewayGone         Code = "gateway-gone"
	GatewayRestart      Code = "gateway-restart"
	GatewayHalt         Code = "gateway-ended-session"
	SessionTimeout      Code = "session-time-limit"
	Inactive            Code = "session-inactive"
	ProxyUnreachable    Code = "proxy-unreachable"
	ProxyAuth           Code = "proxy-sign-in-refused"
	ProxyRefused        Code = "proxy-refused"
	HostFailed          Code = "computer-set-up-failed"
	HostUnsupported     Code = "system-not-supported"
	NetworkDown         Code = "no-network"
	TimedOut            Code = "timed-out"
	UserDisconnected    Code = "disconnected-by-user"
	Internal            Code = "internal-error"
)

// texts holds the sentence and the remedy for a code. A switch, so that a missing code shows in the test of this file.
func texts(code Code) (sentence, remedy string) {
	switch code {
	case NameNotFound:
		return "The gateway's name could not be resolved.", "Check the network and DNS; if the gateway was replaced, import a new profile."
	case Unreachable:
		return "The gateway could not be reached.", "Check the network; a firewall may block the port."
	case Refused:
		return "The gateway refused the connection.", "Check that the gateway is running and that the profile names the right server and port."
	case NoAnswer:
		return "The gateway did not answer.", "Check the network, and that the profile belongs to this gateway: a wrong secret is met with silence."
	case NotOpenVPN:
		return "The server does not speak the OpenVPN protocol.", "A sign-in page of the local network or a proxy may be in the way; otherwise check the server name."
	case SecretRefused:
		return "The gateway closed the connection at the first packet.", "The profile's server secret is probably out of date: download and import the profile again."
	case TLSStalled:
		return "The gateway stopped answering while the secure connection was set up.", "Try again; if it persists, a firewall may drop large packets."
	case TLSFailed:
		return "The secure connection to the gateway could not be set up.", "Show the log to your administrator."
	case TLSReset:
		return "The gateway closed the connection while the secure connection was set up.", "Try again; if it persists, show the log to your administrator."
	case GatewayUntrusted:
		return "The gateway's certificate does not end in a root that the profile trusts.", "If Azure renewed the gateway's root, download and import the profile again; otherwise do not connect on this network."
	case GatewayWrongName:
		return "The gateway's certificate is for another name.", "Check the server name in the profile; if it is right, do not connect on this network."
	case GatewayExpired:
		return "The gateway's certificate is not valid at this time.", "Check this computer's date and time; otherwise tell your administrator."
	case CertificateRefused:
		return "The gateway refused your client certificate.", "It may be revoked, or its root is not on the gateway: ask your administrator for a new certificate."
	case CertificateExpired:
		return "Your client certificate is not valid at this time.", "Check this computer's date and time, or ask your administrator for a new certificate."
	case CertificateMissing:
		return "This profile needs a client certificate with its private key.", "Give both with --cert and --key, or --pkcs12."
	case CertificateWrong:
		return "This client certificate cannot be used for this connection.", "Give the one that your administrator made for this gateway."
	case SignerFailed:
		return "Your private key could not sign.", "Check that the key belongs to the certificate, and that its token or store is available."
	case ResetAfterKey:
		return "The gateway closed the connection right after the sign-in was sent.", "The gateway does not accept this sign-in or certificate: check audience, issuer and tenant on the gateway, and import its current profile."
	case AuthFailed:
		return "The gateway refused the sign-in.", "Check the user name and password, and that you may use this gateway."
	case AuthSessionExpired:
		return "The sign-in has expired.", "Sign in again."
	case AuthTemporary:
		return "The gateway cannot check sign-ins just now.", "It will be tried again."
	case AuthQuestion:
		return "The gateway asks one more question to sign you in.", "Answer it to go on."
	case CredentialCancelled:
		return "The sign-in was not completed.", "Connect again to sign in."
	case NoPushReply:
		return "The gateway accepted the sign-in but sent no configuration.", "Try again; if it persists, tell your administrator."
	case Unsupported:
		return "The gateway wants something that this client does not do.", "Show the log to your administrator."
	case PushRejected:
		return "The gateway sent a configuration that cannot be applied.", "Show the log to your administrator."
	case ConnectionLost:
		return "The connection to the gateway was lost.", "It will be tried again."
	case PingTimeout:
		return "The gateway has not been heard from.", "It will be tried again."
	case GatewayGone:
		return "The gateway has been silent for so long that the profile says to give up.", "Connect again when the gateway is back."
	case GatewayRestart:
		return "The gateway asked for a new connection.", "It will be tried again."
	case GatewayHalt:
		return "The gateway ended the session.", "Your administrator may have disconnected it; connect again if you may."
	case SessionTimeout:
		return "The session reached its time limit.", "Connect again."
	case Inactive:
		return "The session ended because nothing was using it.", "Connect again."
	case ProxyUnreachable:
		return "The proxy could not be reached.", "Check the proxy's address, or connect without it."
	case ProxyAuth:
		return "The proxy refused the sign-in.", "Check the proxy's user name and password."
	case ProxyRefused:
		return "The proxy refused to connect to the gateway.", "Ask whoever runs the proxy to allow the gateway and its port."
	case HostFailed:
		return "This computer's network could not be set up.", "Footbridge needs root or the CAP_NET_ADMIN capability; the log names what failed."
	case HostUnsupported:
		return "This operating system is not supported yet.", "Use Linux for now."
	case NetworkDown:
		return "There is no network.", "The connection comes back when the network does."
	case TimedOut:
		return "Connecting took too long.", "Try again, or allow more time with --timeout."
	case UserDisconnected:
		return "Disconnected.", ""
	default:
		return "Something unexpected went wrong.", "Show the log to the people who make Footbridge."
	}
}

// newProblem makes a problem with its standard texts. err may be nil.
func newProblem(code Code, err error) *Problem {
	sentence, remedy := texts(code)
	problem := &Problem{Code: code, Sentence: sentence, Remedy: remedy, Err: err}
	if err != nil {
		problem.Detail = err.Error()
	}
	return problem
}

// TimeoutProblem says that the first connection took longer than it was given, and why the last attempt failed; last may be nil.
func TimeoutProblem(limit time.Duration, last *Problem) *Problem {
	problem := newProblem(TimedOut, nil)
	problem.Detail = "no connection within " + limit.String()
	if last != nil {
		problem.Detail += "; " + last.Error()
		problem.Err = last
	}
	return problem
}

// CertificateProblem says what is wrong with the client certificate before it is offered to a gateway.
func CertificateProblem(err error, validity bool) *Problem {
	if validity {
		return newProblem(CertificateExpired, err)
	}
	return newProblem(CertificateWrong, err)
}

// CredentialProblem says why there is no credential to give.
func CredentialProblem(err error) *Problem { return newProblem(CredentialCancelled, err) }
