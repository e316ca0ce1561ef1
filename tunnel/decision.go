package tunnel

// decision is what to do after a problem.
type decision int

const (
	stop        decision = iota // retrying is pointless: say why
	again                       // the same server without a wait: the user answered meanwhile
	retry                       // the same server again, after the wait
	nextServer                  // another server, after the wait
	atOnce                      // the same server, without a wait the first time
	otherHello                  // the other way to introduce ourselves, without a wait; then nextServer
	askAgain                    // a new credential from the user, then the same server
	waitNetwork                 // nothing until the network is back
)

// rule is one row of the table: what to do, and how many times in a row before stopping; 0: no end.
type rule struct {
	decision decision
	limit    int
}

// ruleFor is the one place that decides what may be retried and what must stop and ask.
func ruleFor(code Code) rule {
	switch code {
	case NameNotFound, Unreachable, Refused, NoAnswer, ProxyUnreachable:
		return rule{nextServer, 0}
	case NotOpenVPN: // a captive portal goes away when the user signs in there
		return rule{nextServer, 0}
	case SecretRefused: // gateways in a restart reset too, so not at the first time
		return rule{nextServer, 4}
	case TLSStalled, TLSReset: // one of the two hellos, then the next server
		return rule{otherHello, 8}
	case ResetAfterKey: // each of the four ways once
		return rule{otherHello, 4}
	case TLSFailed:
		return rule{nextServer, 2}
	case AuthFailed, AuthSessionExpired:
		return rule{askAgain, 3}
	case AuthQuestion:
		return rule{again, 10}
	case AuthTemporary:
		return rule{retry, 0}
	case NoPushReply:
		return rule{nextServer, 5}
	case ConnectionLost, PingTimeout, GatewayRestart:
		return rule{atOnce, 0}
	case NetworkDown:
		return rule{waitNetwork, 0}
	default:
		return rule{stop, 0}
	}
}
