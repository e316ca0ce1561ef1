package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/officialclient"
)

// officialProfiles are the files in which Microsoft's client keeps its profiles on this computer.
func officialProfiles(sources []string) ([]string, error) {
	if len(sources) > 0 {
		return nil, &usageError{"official-and-paths", nil}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, fmt.Errorf("find home folder: %w", err)
	}
	found := officialclient.Find(home, officialclient.System(runtime.GOOS))
	if len(found) == 0 {
		return nil, &commandError{code: "no-azure-vpn-client", exit: exitNotFound}
	}
	return found, nil
}

// hasNoProfile reports whether a file was read and is no profile. Among its profiles Microsoft's client keeps notes of its own.
func hasNoProfile(err error) bool {
	var refused *profiles.ImportError
	return errors.As(err, &refused) && !slices.ContainsFunc(refused.Findings, func(f finding.Finding) bool {
		return f.Severity == finding.Fault && f.Code != "wrong-file" && f.Code != "no-azure-profile"
	})
}

// isThere reports whether a profile came from an earlier file already. Microsoft's client keeps the same one in several places, and the fullest is read first.
func isThere(earlier []importedProfile, p *profiles.Profile) bool {
	servers := client.Servers(p)
	return slices.ContainsFunc(earlier, func(e importedProfile) bool {
		return strings.EqualFold(e.Name, p.Name) && e.Authentication == p.Authentication.Type && slices.Equal(e.Servers, servers)
	})
}
