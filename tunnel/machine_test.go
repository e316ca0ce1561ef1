package tunnel

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// drive feeds inputs to a machine and renders the state and actions after each, one line an input.
func drive(m Machine, inputs ...Input) (Machine, string) {
	var lines []string
	for _, input := range inputs {
		var actions []Action
		m, actions = m.Next(input)
		line := string(m.State)
		for _, action := range actions {
			line += " " + describe(action)
		}
		lines = append(lines, line)
	}
	return m, strings.Join(lines, "\n")
}

func describe(action Action) string {
	switch a := action.(type) {
	case StartAttempt:
		name := "standard"
		if a.Hello.Azure {
			name = "azure"
		}
		if a.Hello.Small {
			name += "+small"
		}
		return fmt.Sprintf("start(%d,%s)", a.Server, name)
	case StopAttempt:
		return "stop(" + string(a.Problem.Code) + ")"
	case Wait:
		return "wait(" + a.For.String() + ")"
	case Rebind:
		return "rebind"
	case TearDown:
		return "teardown"
	case ForgetCredential:
		return "forget"
	default:
		return fmt.Sprintf("%T", action)
	}
}

func ended(code Code) AttemptEnded { return AttemptEnded{Problem: newProblem(code, nil)} }

func TestMachine(t *testing.T) {
	tests := []struct {
		name    string
		machine Machine
		inputs  []Input
		want    string
	}{
		{"connect and disconnect", Machine{Servers: 1},
			[]Input{Connect{}, Established{}, Disconnect{}, ended(UserDisconnected), TornDown{}},
			"connecting start(0,standard)\nconnected\ndisconnecting stop(disconnected-by-user)\ndisconnecting teardown\ndisconnected"},
		{"connect twice is once", Machine{Servers: 1}, []Input{Connect{}, Connect{}}, "connecting start(0,standard)\nconnecting"},
		{"a second connect after failure starts anew", Machine{Servers: 1},
			[]Input{Connect{}, ended(GatewayUntrusted), TornDown{}, Connect{}},
			"connecting start(0,standard)\ndisconnecting teardown\nfailed\nconnecting start(0,standard)"},
		{"disconnect while waiting", Machine{Servers: 1}, []Input{Connect{}, ended(NameNotFound), Disconnect{}, TornDown{}},
			"connecting start(0,standard)\nconnecting wait(1s)\ndisconnecting teardown\ndisconnected"},
		{"servers in order, then around with a wait", Machine{Servers: 3},
			[]Input{Connect{}, ended(Unreachable), ended(Refused), ended(NoAnswer), RetryDue{}},
			"connecting start(0,standard)\nconnecting start(1,standard)\nconnecting start(2,standard)\nconnecting wait(1s)\nconnecting start(0,standard)"},
		{"waits grow", Machine{Servers: 1},
			[]Input{Connect{}, ended(Unreachable), RetryDue{}, ended(Unreachable), RetryDue{}, ended(Unreachable)},
			"connecting start(0,standard)\nconnecting wait(1s)\nconnecting start(0,standard)\nconnecting wait(2s)\nconnecting start(0,standard)\nconnecting wait(4s)"},
		{"a lost session comes back at once, then with waits", Machine{Servers: 1},
			[]Input{Connect{}, Established{}, ended(PingTimeout), ended(ConnectionLost), RetryDue{}, Established{}},
			"connecting start(0,standard)\nconnected\nreconnecting start(0,standard)\nreconnecting wait(1.5s)\nreconnecting start(0,standard)\nconnected"},
		{"a stall inside TLS switches to the small hello", Machine{Servers: 1},
			[]Input{Connect{}, ended(TLSStalled), Established{Hello: HelloVariant{Small: true}}, ended(ConnectionLost)},
			"connecting start(0,standard)\nconnecting start(0,standard+small)\nconnected\nreconnecting start(0,standard+small)"},
		{"a reset after key material tries the official client's hello, then all, then stops", Machine{Servers: 1},
			[]Input{Connect{}, ended(ResetAfterKey), ended(ResetAfterKey), ended(ResetAfterKey), ended(ResetAfterKey), TornDown{}},
			"connecting start(0,standard)\nconnecting start(0,azure)\nconnecting start(0,standard+small)\nconnecting start(0,azure+small)\ndisconnecting teardown\nfailed"},
		{"what worked before is tried first", Machine{Servers: 1, Remembered: HelloVariant{Azure: true}},
			[]Input{Connect{}}, "connecting start(0,azure)"},
		{"a refused password is asked again, three times in all", Machine{Servers: 1, CanAsk: true},
			[]Input{Connect{}, ended(AuthFailed), ended(AuthFailed), ended(AuthFailed), TornDown{}},
			"connecting start(0,standard)\nconnecting forget start(0,standard)\nconnecting forget start(0,standard)\ndisconnecting teardown\nfailed"},
		{"without anything to ask a refusal stops", Machine{Servers: 1},
			[]Input{Connect{}, ended(AuthFailed), TornDown{}},
			"connecting start(0,standard)\ndisconnecting teardown\nfailed"},
		{"the gateway's own back-off is kept", Machine{Servers: 2},
			[]Input{Connect{}, AttemptEnded{&Problem{Code: AuthTemporary, Backoff: 42 * time.Second, Advance: true}}, RetryDue{}},
			"connecting start(0,standard)\nconnecting wait(42s)\nconnecting start(1,standard)"},
		{"no network: wait long, go at once when it is back", Machine{Servers: 1},
			[]Input{Connect{}, NetworkLost{}, ended(NetworkDown), NetworkChanged{}},
			"connecting start(0,standard)\nconnecting\nconnecting wait(1m0s)\nconnecting start(0,standard)"},
		{"a changed network moves a session and restarts an attempt", Machine{Servers: 1},
			[]Input{Connect{}, NetworkChanged{}, ended(ConnectionLost), Established{}, NetworkChanged{}},
			"connecting start(0,standard)\nconnecting stop(connection-lost)\nconnecting start(0,standard)\nconnected\nconnected rebind"},
		{"after sleep the session is made anew", Machine{Servers: 1},
			[]Input{Connect{}, Established{}, Sleeping{}, Woke{}, ended(ConnectionLost)},
			"connecting start(0,standard)\nconnected\nconnected\nconnected stop(connection-lost)\nreconnecting start(0,standard)"},
		{"as many attempts as the profile allows", Machine{Servers: 1, MostAttempts: 2},
			[]Input{Connect{}, ended(Unreachable), RetryDue{}, ended(Unreachable), TornDown{}},
			"connecting start(0,standard)\nconnecting wait(1s)\nconnecting start(0,standard)\ndisconnecting teardown\nfailed"},
		{"late inputs change nothing", Machine{Servers: 1},
			[]Input{RetryDue{}, Established{}, TornDown{}, NetworkChanged{}, Woke{}, Disconnect{}},
			"\n\n\n\n\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, got := drive(test.machine, test.inputs...)
			if got != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestMachineEndsForGood(t *testing.T) {
	for _, code := range allCodes() {
		m, _ := drive(Machine{Servers: 2, CanAsk: true}, Connect{})
		for range 200 {
			if m.State == Disconnecting {
				break
			}
			m, _ = drive(m, ended(code), RetryDue{})
		}
		rule := ruleFor(code)
		endless := rule.limit == 0 && rule.decision != stop
		if endless == (m.State == Disconnecting) {
			t.Errorf("%s: after many failures the state is %s, with rule %+v", code, m.State, rule)
		}
	}
}

// The texts are what users read: each code has its own, ends as a sentence, and says what to do.
func TestProblemTexts(t *testing.T) {
	unknown, _ := texts("no such code")
	seen := map[string]Code{}
	for _, code := range allCodes() {
		problem := newProblem(code, nil)
		if code != Internal && problem.Sentence == unknown {
			t.Errorf("%s has no text", code)
		}
		if other, twice := seen[problem.Sentence]; twice {
			t.Errorf("%s and %s share a sentence", code, other)
		}
		seen[problem.Sentence] = code
		if !strings.HasSuffix(problem.Sentence, ".") || (problem.Remedy == "" && code != UserDisconnected) {
			t.Errorf("%s: %q %q", code, problem.Sentence, problem.Remedy)
		}
	}
}

// A gateway that there was a session with is tried often for a minute or two, and ever more seldom after that.
func TestReturningIsBriskThenPatient(t *testing.T) {
	var backoff Backoff
	var total time.Duration
	for waits := range brisk {
		wait := backoff.returning(waits)
		if wait > 2*time.Second {
			t.Fatalf("wait %d is %v", waits, wait)
		}
		total += wait
	}
	if total < time.Minute || total > 2*time.Minute {
		t.Errorf("brisk for %v", total)
	}
	if wait := backoff.returning(brisk + 10); wait != time.Minute {
		t.Errorf("in the end %v", wait)
	}
}

func TestBackoffIsBounded(t *testing.T) {
	backoff := Backoff{First: time.Second, Most: 30 * time.Second}
	for waits := range 100 {
		if wait := backoff.after(waits); wait < time.Second || wait > 30*time.Second {
			t.Fatalf("wait %d is %v", waits, wait)
		}
	}
}

func allCodes() []Code {
	return []Code{NameNotFound, Unreachable, Refused, NoAnswer, NotOpenVPN, SecretRefused, TLSStalled, TLSFailed, TLSReset,
		GatewayUntrusted, GatewayWrongName, GatewayExpired, CertificateRefused, CertificateExpired, CertificateMissing, CertificateWrong, SignerFailed,
		ResetAfterKey, AuthFailed, AuthSessionExpired, AuthTemporary, AuthQuestion, CredentialCancelled, NoPushReply, Unsupported, PushRejected,
		ConnectionLost, PingTimeout, GatewayGone, GatewayRestart, GatewayHalt, SessionTimeout, Inactive, ProxyUnreachable, ProxyAuth, ProxyRefused,
		HostFailed, HostUnsupported, NetworkDown, TimedOut, UserDisconnected, Internal}
}
