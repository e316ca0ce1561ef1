package dns

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Mode is how names are resolved on this computer, and so how a tunnel's are.
type Mode string

// The modes.
const (
	// Resolved: systemd-resolved, one configuration for each link.
	Resolved Mode = "systemd-resolved"
	// NetworkManager: NetworkManager writes resolv.conf, or runs a resolver.
	NetworkManager Mode = "NetworkManager"
	// Resolvconf: Debian's resolvconf merges what several programs want.
	Resolvconf Mode = "resolvconf"
	// Openresolv: openresolv does the same, and knows which comes first.
	Openresolv Mode = "openresolv"
	// File: nobody else cares for /etc/resolv.conf.
	File Mode = "resolv.conf"
)

const (
	resolvConf     = "etc/resolv.conf"
	resolvedName   = "org.freedesktop.resolve1"
	managerName    = "org.freedesktop.NetworkManager"
	resolvconfTool = "resolvconf"
)

// Detect finds out how names are resolved here: who wrote resolv.conf, and whether it still lives.
func Detect(ctx context.Context, env Environment) Mode {
	data := readLimited(env.path(resolvConf))
	switch {
	case isOurs(data):
		// Another tunnel has the file already, and shares it.
		return File
	case asksResolved(env, data) && env.HasOwner(ctx, resolvedName):
		return Resolved
	case writtenBy(data, "NetworkManager") && env.HasOwner(ctx, managerName):
		return NetworkManager
	case writtenBy(data, "resolvconf"):
		return detectResolvconf(ctx, env)
	case onlyLoopback(parseFile(data)) && env.HasOwner(ctx, managerName) && managesDNS(ctx, env):
		// A resolver that NetworkManager runs, behind a resolv.conf that somebody wrote by hand.
		return NetworkManager
	default:
		return File
	}
}

// detectResolvconf tells the two programs of that name apart. A third is systemd-resolved's, which does nothing without it.
func detectResolvconf(ctx context.Context, env Environment) Mode {
	tool, err := env.LookPath(resolvconfTool)
	if err != nil {
		return File
	}
	if target, err := filepath.EvalSymlinks(tool); err == nil && strings.HasSuffix(target, "resolvectl") {
		return File
	}
	if version, err := env.Run(ctx, nil, tool, "--version"); err == nil && strings.Contains(string(version), "openresolv") {
		return Openresolv
	}
	return Resolvconf
}

// asksResolved reports whether programs' questions reach systemd-resolved: through its stub, or through nss-resolve. A
// resolv.conf that lists the servers of all links does not do.
func asksResolved(env Environment, data []byte) bool {
	servers := parseFile(data).servers
	stub := func(addr netip.Addr) bool {
		return addr == netip.AddrFrom4([4]byte{127, 0, 0, 53}) || addr == netip.AddrFrom4([4]byte{127, 0, 0, 54})
	}
	if len(servers) > 0 && !slices.ContainsFunc(servers, func(addr netip.Addr) bool { return !stub(addr) }) {
		return true
	}
	for line := range strings.Lines(string(readLimited(env.path("etc/nsswitch.conf")))) {
		fields := strings.Fields(line)
		if len(fields) > 0 && fields[0] == "hosts:" {
			resolve, dns := slices.Index(fields, "resolve"), slices.Index(fields, "dns")
			return resolve > 0 && (dns < 0 || resolve < dns)
		}
	}
	return false
}

// writtenBy reports whether the comments at a file's head name a program.
func writtenBy(data []byte, program string) bool {
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			return false
		}
		if strings.Contains(line, program) && !strings.HasPrefix(line, tunnelMark) {
			return true
		}
	}
	return false
}

func onlyLoopback(f file) bool {
	return len(f.servers) > 0 && !slices.ContainsFunc(f.servers, func(addr netip.Addr) bool { return !addr.IsLoopback() })
}

// readLimited reads a file as far as one is read; what cannot be read is empty.
func readLimited(path string) []byte {
	data, err := readFile(path)
	if err != nil {
		return nil
	}
	return data
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFileSize))
	return data, errors.Join(err, f.Close())
}
