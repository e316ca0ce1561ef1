package dns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Our entries' names begin so that both programs put them before those of cables (tun* in Debian's interface-order,
// tun[0-9]* in openresolv's dynamic_order), and end so that they can be found without knowing the devices.
const (
	entryPrefix = "tun0."
	entrySuffix = ".footbridge"
)

// resolvconf gives the tunnel's servers to Debian's resolvconf or to openresolv.
type resolvconf struct {
	env   Environment
	link  Link
	which Mode
}

func (r *resolvconf) mode() Mode { return r.which }

// entryName is the name under which a device's servers are given.
func entryName(device string) string { return entryPrefix + device + entrySuffix }

func (r *resolvconf) set(ctx context.Context, config Config) ([]Limitation, error) {
	tool, err := r.env.LookPath(resolvconfTool)
	if err != nil {
		return nil, fmt.Errorf("set name servers: %w", err)
	}
	text := r.entry(config)
	if !r.has(text) {
		if _, err := r.env.Run(ctx, text, tool, r.arguments(config)...); err != nil {
			return nil, fmt.Errorf("set name servers: %w", err)
		}
	}
	switch {
	case config.split():
		return []Limitation{{Kind: NotSplit, Mode: r.which}}, nil
	case config.BlockOthers && r.which == Resolvconf:
		return []Limitation{{Kind: OthersAsked, Mode: r.which}}, nil
	}
	return nil, nil
}

func (r *resolvconf) entry(config Config) []byte {
	var b strings.Builder
	b.WriteString(section{r.link.Name, r.env.Owner, config}.line())
	writeFile(&b, merge([]section{{Config: config}}, file{}))
	return []byte(b.String())
}

// arguments say, to the program that knows that, that the entry of a tunnel that takes all names is the only one (-x).
func (r *resolvconf) arguments(config Config) []string {
	arguments := []string{"-a", entryName(r.link.Name)}
	if r.which == Openresolv && config.AllNames && config.takesNames() {
		arguments = append(arguments, "-x")
	}
	return arguments
}

// has reports whether the program holds this entry already.
func (r *resolvconf) has(text []byte) bool {
	for _, dir := range r.env.entryDirs() {
		if held := readLimited(filepath.Join(dir, entryName(r.link.Name))); bytes.Contains(held, bytes.TrimSpace(text)) {
			return true
		}
	}
	return false
}

func (r *resolvconf) clear(ctx context.Context) error {
	return r.env.removeEntry(ctx, entryName(r.link.Name))
}

func (r *resolvconf) close() {}

// entryDirs are where openresolv and Debian's resolvconf keep entries.
func (e Environment) entryDirs() []string {
	return []string{e.path("run/resolvconf/interfaces"), e.path("run/resolvconf/keys"), e.path("run/resolvconf/interface")}
}

func (e Environment) removeEntry(ctx context.Context, name string) error {
	tool, err := e.LookPath(resolvconfTool)
	if err != nil {
		return fmt.Errorf("remove name servers: %w", err)
	}
	// Removing what is not there is an error for one of the programs and not for the other.
	if _, err := e.Run(ctx, nil, tool, "-d", name); err != nil && e.hasEntry(name) {
		return fmt.Errorf("remove name servers: %w", err)
	}
	return nil
}

func (e Environment) hasEntry(name string) bool {
	for _, dir := range e.entryDirs() {
		if exists(filepath.Join(dir, name)) {
			return true
		}
	}
	return false
}

// removeDeadEntries removes the entries of tunnels whose process is gone.
func (e Environment) removeDeadEntries(ctx context.Context) error {
	var failures []error
	for _, dir := range e.entryDirs() {
		files, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), entrySuffix) || !strings.HasPrefix(f.Name(), entryPrefix) {
				continue
			}
			held := sections(readLimited(filepath.Join(dir, f.Name())))
			if len(held) == 0 || !e.Alive(held[0].Owner) {
				failures = append(failures, e.removeEntry(ctx, f.Name()))
			}
		}
	}
	return errors.Join(failures...)
}
