package push

import (
	"errors"
	"fmt"
	"strings"
)

// FilterAction is what a pull filter does with the options it matches.
type FilterAction string

// The actions of pull-filter (OpenVPN man page, "Client options").
const (
	Accept FilterAction = "accept"
	Ignore FilterAction = "ignore"
	Reject FilterAction = "reject"
)

// Filter is one pull-filter line: the first whose Prefix begins an option decides. An option that none matches is accepted.
type Filter struct {
	Action FilterAction
	Prefix string
}

// ErrRejected says that the gateway pushed an option that the profile's pull-filter rejects.
var ErrRejected = errors.New("option is rejected by pull-filter")

// passes decides about one option as it came.
func passes(filters []Filter, option string) (bool, error) {
	for _, filter := range filters {
		if !strings.HasPrefix(option, filter.Prefix) {
			continue
		}
		switch filter.Action {
		case Ignore:
			return false, nil
		case Reject:
			return false, fmt.Errorf("read pushed option %q: %w", withoutSecrets(option), ErrRejected)
		}
		return true, nil
	}
	return true, nil
}
