// Package device makes the network interface through which a tunnel's packets enter and leave this computer.
package device

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.zx2c4.com/wireguard/tun"
)

// Device moves packets between the tunnel and this computer, many at a time.
type Device = tun.Device

// MaxNameLength is the longest name that Linux gives an interface, in bytes (IFNAMSIZ less its zero).
const MaxNameLength = 15

// DefaultName is the name wished for when there is no wish.
const DefaultName = "footbridge0"

// maxNames is how many names are tried before giving up.
const maxNames = 256

// ErrUnsupported says that there is no device for this operating system yet.
var ErrUnsupported = fmt.Errorf("make a network device on this system: %w", errors.ErrUnsupported)

// candidates gives the names to try for a wish, best first: the wish itself, then its stem with the numbers that follow.
// Characters that cannot stand in an interface's name are replaced, and what is too long is cut before the number.
func candidates(wish string) []string {
	wish = clean(wish)
	if wish == "" {
		wish = DefaultName
	}
	stem := strings.TrimRight(wish, "0123456789")
	first := 0
	if number, err := strconv.Atoi(wish[len(stem):]); err == nil && number < 1<<20 {
		first = number
	}
	if stem == "" {
		stem = "tun"
	}
	names := make([]string, 0, maxNames)
	if len(wish) <= MaxNameLength {
		names = append(names, wish)
	}
	for number := first; len(names) < maxNames; number++ {
		digits := strconv.Itoa(number)
		name := stem[:min(len(stem), MaxNameLength-len(digits))] + digits
		if len(names) == 0 || names[0] != name {
			names = append(names, name)
		}
	}
	return names
}

// clean keeps the characters that are harmless in an interface's name, in /proc paths and in other programs' configuration.
func clean(wish string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return -1
		}
	}, wish)
}
