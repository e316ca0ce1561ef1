package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Event is something that happened in a session. Exactly one of the types below.
type Event interface{ event() }

type (
	// CredentialNeeded asks for Provide. At the start of a session nothing is sent before the answer, so the transport
	// need not be there yet. Challenge is nil, or a question to ask with it.
	CredentialNeeded struct {
		Reason    CredentialReason
		Challenge *push.Challenge
	}
	// StageReached tells how far connecting has come.
	StageReached struct{ Stage Stage }
	// Established says that the gateway pushed its configuration and that data can flow through Data.
	Established struct {
		Options    *push.Options
		Digest     push.Digest // of the options; equal to the last session's: the device can stay as it is
		Cipher     string
		TLSVersion uint16
		TLSCipher  uint16
		KeyExport  bool // the data keys come from the TLS exporter
		TunMTU     int  // to set on the device, in bytes
	}
	// TokenChanged hands over what to sign in with next time; nil: the last one is no longer good.
	TokenChanged struct{ Token *Token }
	// AuthPending says that the gateway waits for the user or an administrator until then.
	AuthPending struct{ Until time.Time }
	// OpenURL asks to show a web page to the user to go on with the sign-in.
	OpenURL struct{ Page push.WebPage }
	// Info is a text from the gateway to the user.
	Info struct{ Text string }
	// KeyChanged says that a renegotiation succeeded.
	KeyChanged struct {
		KeyID     uint8
		ByGateway bool
	}
	// Failed is the last event of a session that ended in any other way than by Close.
	Failed struct{ Failure *Failure }
	// Closed is the last event of a session that was ended by Close, when the exit notices are out.
	Closed struct{}
)

func (CredentialNeeded) event() {}
func (StageReached) event()     {}
func (Established) event()      {}
func (TokenChanged) event()     {}
func (AuthPending) event()      {}
func (OpenURL) event()          {}
func (Info) event()             {}
func (KeyChanged) event()       {}
func (Failed) event()           {}
func (Closed) event()           {}
