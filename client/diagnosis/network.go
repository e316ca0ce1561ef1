package diagnosis

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// checkNetwork looks whether this computer is in any network, and whether a way leads out of it.
func checkNetwork(ctx context.Context, x *examination, _ facts) ([]Check, learned) {
	computer, err := x.Computer(ctx)
	if err != nil {
		return one(NetworkUnknown, err.Error())
	}
	learn := func(f *facts) { f.computer = computer }
	var in []string
	for _, link := range computer.Links {
		if use := link.Use(); !link.Up || use == UseLoopback || use == UseContainers {
			continue
		}
		for _, address := range link.Addresses {
			if !address.Addr().IsLinkLocalUnicast() {
				in = append(in, fmt.Sprintf("%s on %s", address, link.Name))
			}
		}
	}
	seen := strings.Join(in, ", ")
	switch {
	case len(in) == 0 && !x.onlyLoopback():
		return []Check{say(NetworkDown)}, learn
	case computer.NoRoutes || computer.hasDefault(false) || computer.hasDefault(true):
		return []Check{say(NetworkOK, seen)}, learn
	case x.reachesAll(computer):
		return []Check{say(NetworkOK, seen, "no default route is needed")}, learn
	default:
		return []Check{say(NetworkNoDefault, seen)}, learn
	}
}

// onlyLoopback reports whether the gateway is on this computer, as in a lab.
func (x *examination) onlyLoopback() bool {
	return x.profile != nil && !slices.ContainsFunc(literals(x.profile), func(l literal) bool { return !l.ok || !l.address.IsLoopback() })
}

// reachesAll reports whether every server is named by an address that a route leads to.
func (x *examination) reachesAll(computer *Computer) bool {
	return x.profile != nil && !slices.ContainsFunc(literals(x.profile), func(l literal) bool {
		if !l.ok {
			return true
		}
		_, found := computer.way(l.address)
		return !found && !l.address.IsLoopback()
	})
}
