package dns

import (
	"fmt"
	"strings"
)

// LimitationKind is what cannot be done as wanted.
type LimitationKind string

// The kinds of limitation.
const (
	// NotSplit: this computer's resolver cannot send some names to one server and others to another. All names go to the
	// tunnel's servers first.
	NotSplit LimitationKind = "not-split"
	// OthersAsked: other servers are asked for some names, or when the tunnel's do not answer.
	OthersAsked LimitationKind = "others-asked"
	// NoNames: there are servers, but no name goes to them.
	NoNames LimitationKind = "no-names"
	// Refused: names that are no domains were left out.
	Refused LimitationKind = "refused"
)

// Limitation says how name resolution differs from what was wanted.
type Limitation struct {
	Kind  LimitationKind
	Mode  Mode
	Names []string // the domains concerned
}

// Code is a stable word for the kind of warning.
func (l Limitation) Code() string { return "dns-" + string(l.Kind) }

// String is one sentence.
func (l Limitation) String() string {
	switch l.Kind {
	case NotSplit:
		return fmt.Sprintf("names are resolved by %s here, which cannot divide them: the tunnel's servers are asked for all names first", l.Mode)
	case OthersAsked:
		if len(l.Names) > 0 {
			return fmt.Sprintf("servers outside the tunnel are asked for names under %s", strings.Join(l.Names, ", "))
		}
		return "servers outside the tunnel are asked when the tunnel's do not answer"
	case NoNames:
		return "the tunnel's name servers are not asked for any name, because it names no domain"
	default:
		return fmt.Sprintf("left out, because these are no domain names: %s", strings.Join(l.Names, ", "))
	}
}
