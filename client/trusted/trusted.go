// Package trusted tells whether this computer is on a network from which a tunnel's destinations can be reached without it.
package trusted

import (
	"bufio"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// probeLimit bounds the attempt to reach a probe. On the network where it answers it does so at once.
const probeLimit = 3 * time.Second

// Network looks at this computer's networks. The zero value is right; tests replace its parts.
type Network struct {
	// Suffixes are the DNS suffixes that the networks give out, those of tunnels left out; nil: this computer's.
	Suffixes func(context.Context) []string
	// Dial reaches a probe outside of all tunnels; nil: this computer's.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// Match returns the first network of the list that this computer is on, as a person writes it; empty: none.
func (n Network) Match(ctx context.Context, networks []settings.TrustedNetwork) string {
	if len(networks) == 0 {
		return ""
	}
	suffixes, dial := n.Suffixes, n.Dial
	if suffixes == nil {
		suffixes = systemSuffixes
	}
	if dial == nil {
		dial = dialOutside
	}
	var given []string
	if slices.ContainsFunc(networks, func(network settings.TrustedNetwork) bool { return network.DNSSuffix != "" }) {
		given = suffixes(ctx)
	}
	for _, network := range networks {
		if network.DNSSuffix != "" && slices.ContainsFunc(given, func(suffix string) bool { return within(suffix, network.DNSSuffix) }) {
			return network.DNSSuffix
		}
		if network.Probe != "" && reaches(ctx, dial, network.Probe) {
			return network.Probe
		}
	}
	return ""
}

// within reports whether a suffix that a network gives out is the trusted one or below it.
func within(suffix, trusted string) bool {
	suffix, trusted = strings.ToLower(strings.Trim(suffix, ".~")), strings.ToLower(strings.Trim(trusted, "."))
	return suffix == trusted || strings.HasSuffix(suffix, "."+trusted)
}

func reaches(ctx context.Context, dial func(context.Context, string) (net.Conn, error), address string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	conn, err := dial(ctx, address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// isTunnel reports whether an interface is a tunnel's, ours or another's, by what such interfaces are called.
func isTunnel(name string) bool {
	for _, prefix := range []string{"footbridge", "tun", "tap", "wg", "utun", "tailscale", "ppp"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// fromResolvFile reads the search list of a resolv.conf.
func fromResolvFile(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	var found []string
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && (fields[0] == "search" || fields[0] == "domain") {
			found = fields[1:] // the last such line holds (resolv.conf(5))
		}
	}
	return found
}
