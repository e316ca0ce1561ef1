package tunnel

import "time"

// State is where a connection is. Whoever shows a state shows this one.
type State string

// The states of a connection.
const (
	Disconnected  State = "disconnected"
	Connecting    State = "connecting"    // the first attempts, before anything worked
	Connected     State = "connected"     // packets flow
	Reconnecting  State = "reconnecting"  // it worked before; the device and its routes stay meanwhile
	Disconnecting State = "disconnecting" // saying goodbye and putting the computer back
	Failed        State = "failed"        // stopped, with a Problem; only a new Connect leaves it
)

// Input is something that happened to a connection. Exactly one of the Input types below.
type Input interface{ input() }

type (
	// Connect is the user's wish.
	Connect struct{}
	// Disconnect is the user's wish, or the end of the program.
	Disconnect struct{}
	// Established says that the attempt reached the gateway's configuration and this computer is set up.
	Established struct{ Hello HelloVariant }
	// AttemptEnded says that the attempt, or the session it became, is over.
	AttemptEnded struct{ Problem *Problem }
	// RetryDue says that the wait before the next attempt is over.
	RetryDue struct{}
	// NetworkChanged says that this computer's network is another, or is back.
	NetworkChanged struct{}
	// NetworkLost says that there is no network to try.
	NetworkLost struct{}
	// Sleeping says that the computer is about to sleep.
	Sleeping struct{}
	// Woke says that the computer slept and is awake.
	Woke struct{}
	// TornDown says that this computer is as it was before the connection.
	TornDown struct{}
)

func (Connect) input()        {}
func (Disconnect) input()     {}
func (Established) input()    {}
func (AttemptEnded) input()   {}
func (RetryDue) input()       {}
func (NetworkChanged) input() {}
func (NetworkLost) input()    {}
func (Sleeping) input()       {}
func (Woke) input()           {}
func (TornDown) input()       {}

// Action is what the owner of the Machine has to do after an input.
type Action interface{ action() }

type (
	// StartAttempt dials a server and runs a session over it.
	StartAttempt struct {
		Server int // index into the profile's servers
		Hello  HelloVariant
	}
	// StopAttempt ends the running attempt or session; AttemptEnded follows.
	StopAttempt struct{ Problem *Problem }
	// Rebind keeps a datagram session and moves it to the new network.
	Rebind struct{}
	// Wait asks for RetryDue after a time; it replaces an earlier Wait.
	Wait struct{ For time.Duration }
	// TearDown undoes what was changed on this computer; TornDown follows.
	TearDown struct{}
	// ForgetCredential drops what the gateway refused, so that it is asked anew.
	ForgetCredential struct{}
)

func (StartAttempt) action()     {}
func (StopAttempt) action()      {}
func (Rebind) action()           {}
func (Wait) action()             {}
func (TearDown) action()         {}
func (ForgetCredential) action() {}
