package dns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Limits of resolv.conf: what glibc and musl take, and what is read at all.
const (
	maxFileSize    = 1 << 20
	maxNameservers = 3 // MAXNS of resolv.h
	maxTunnels     = 64
)

const (
	// header begins every file of ours.
	header = "# Written by Footbridge while a tunnel is up. Changes made here are lost when it ends.\n"
	// tunnelMark begins the lines that say what each tunnel wants.
	tunnelMark = "# footbridge-tunnel: "
	// noOriginalMark says that there was no file before.
	noOriginalMark = "# footbridge-original: none"
)

// section is what one tunnel wants, as it stands in a file that several tunnels share.
type section struct {
	Device string `json:"device"`
	Owner  string `json:"owner"` // its process
	Config Config `json:"config"`
}

func (s section) line() string {
	data, err := json.Marshal(s)
	if err != nil {
		return "" // there is nothing in a section that JSON cannot hold
	}
	return tunnelMark + string(data) + "\n"
}

// sections finds the tunnels in a file of ours. A line that cannot be understood is passed over: its tunnel cannot be kept.
func sections(data []byte) []section {
	var list []section
	for line := range bytes.Lines(data) {
		text, marked := bytes.CutPrefix(line, []byte(tunnelMark))
		if !marked || len(list) >= maxTunnels {
			continue
		}
		var s section
		if json.Unmarshal(text, &s) == nil && s.Device != "" {
			s.Config, _ = normalize(s.Config)
			list = append(list, s)
		}
	}
	return list
}

// isOurs reports whether a file was written by us, wholly or in part.
func isOurs(data []byte) bool {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	return len(first) > 0 && string(first)+"\n" == header
}

// file is what a resolv.conf says (resolv.conf(5)).
type file struct {
	servers    []netip.Addr
	search     []string
	rest       []string // other directives, such as options, as they stand
	noOriginal bool
}

func parseFile(data []byte) file {
	var f file
	for line := range strings.Lines(string(data[:min(len(data), maxFileSize)])) {
		line = strings.TrimRight(line, "\r\n")
		if line == noOriginalMark {
			f.noOriginal = true
		}
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if addr, err := netip.ParseAddr(fields[1]); err == nil && !slices.Contains(f.servers, addr) {
				f.servers = append(f.servers, addr)
			}
		case "search", "domain":
			f.search = fields[1:] // the last one wins
		case "options", "sortlist":
			f.rest = append(f.rest, strings.Join(fields, " "))
		}
	}
	return f
}

// render writes a resolv.conf for the tunnels over what there was. Where a tunnel takes all names only the tunnels' servers
// are asked; otherwise the others' come after.
func render(tunnels []section, base file) []byte {
	merged := merge(tunnels, base)
	var b strings.Builder
	b.WriteString(header)
	for _, tunnel := range tunnels {
		b.WriteString(tunnel.line())
	}
	if base.noOriginal {
		b.WriteString(noOriginalMark + "\n")
	}
	writeFile(&b, merged)
	return []byte(b.String())
}

func writeFile(b *strings.Builder, f file) {
	for _, server := range f.servers[:min(len(f.servers), maxNameservers)] {
		fmt.Fprintf(b, "nameserver %s\n", server)
	}
	if len(f.search) > 0 {
		fmt.Fprintf(b, "search %s\n", strings.Join(f.search, " "))
	}
	for _, line := range f.rest {
		b.WriteString(line + "\n")
	}
}

// merge puts the tunnels, newest first, over the rest.
func merge(tunnels []section, base file) file {
	merged := file{rest: base.rest}
	exclusive := false
	for _, tunnel := range slices.Backward(tunnels) {
		if tunnel.Config.takesNames() {
			merged.servers = append(merged.servers, tunnel.Config.Servers...)
		}
		merged.search = append(merged.search, tunnel.Config.Search...)
		exclusive = exclusive || tunnel.Config.takesNames() && tunnel.Config.AllNames
	}
	if !exclusive {
		merged.servers = append(merged.servers, base.servers...)
	}
	merged.search = append(merged.search, base.search...)
	merged.servers = firstOfEach(merged.servers)
	merged.search = firstOfEach(merged.search)
	return merged
}

func firstOfEach[T comparable](list []T) []T {
	var kept []T
	for _, item := range list {
		if !slices.Contains(kept, item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// with gives the sections with one tunnel's put in or, where config is nil, taken out, and without those of dead processes.
func with(list []section, device, owner string, config *Config, alive func(string) bool) []section {
	kept := make([]section, 0, len(list)+1)
	placed := false
	for _, s := range list {
		switch {
		case s.Device == device && (s.Owner == owner || !alive(s.Owner)):
			if config != nil && !placed {
				kept = append(kept, section{device, owner, *config})
				placed = true
			}
		case alive(s.Owner):
			kept = append(kept, s)
		}
	}
	if config != nil && !placed {
		kept = append(kept, section{device, owner, *config})
	}
	return kept
}
