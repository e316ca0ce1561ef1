package report

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
	"github.com/footbridge-vpn/footbridge/tunnel/identity"
)

// page builds text line by line.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// field writes one that is not empty.
func (p *page) field(name, value string) {
	if value != "" {
		p.line("%-22s %s", name+":", value)
	}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func join[T any](items []T) string {
	texts := make([]string, 0, len(items))
	for _, item := range items {
		texts = append(texts, fmt.Sprint(item))
	}
	return strings.Join(texts, ", ")
}

// addDiagnosis writes the diagnosis for people and for programs.
func (g *gatherer) addDiagnosis() {
	d := g.options.Diagnosis
	if d == nil {
		return
	}
	var p page
	p.line("%s", strings.TrimSpace(d.Summary.Sentence+" "+d.Summary.Remedy))
	p.line("")
	for _, check := range d.Checks {
		p.line("%-8s %-12s %s [%s]", check.Verdict, check.Stage, check.Sentence, check.ID)
		if check.Detail != "" {
			p.line("%22s%s", "", strings.ReplaceAll(check.Detail, "\n", " "))
		}
		if check.Remedy != "" {
			p.line("%22s-> %s", "", check.Remedy)
		}
	}
	g.add("diagnosis.txt", p.String())
	g.addJSON("diagnosis.json", d)
}

// describeProfile writes a profile without its secrets.
func describeProfile(given Profile) string {
	var p page
	profile := given.Profile
	if profile == nil {
		return "(no profile)\n"
	}
	p.field("Name", profile.Name)
	p.field("Format", string(profile.Format))
	for _, server := range profile.Servers {
		p.field("Server", fmt.Sprintf("%s:%d %s %s", server.Host, server.Port, server.Transport, server.DisplayName))
	}
	p.field("Transport", string(profile.Transport))
	auth := profile.Authentication
	p.field("Authentication", string(auth.Type))
	if entra := auth.Entra; entra != nil {
		p.field("Audience", entra.Audience)
		p.field("Issuer", entra.Issuer)
		p.field("Tenant", entra.Tenant)
		p.field("Application id", entra.ApplicationID)
		p.field("Sign-in kept", fmt.Sprint(entra.CacheSignInUser))
	}
	if selector := auth.Certificate; selector != nil {
		p.field("Certificate", strings.TrimSpace(selector.Thumbprint+" "+selector.Issuer))
	}
	p.field("User name", auth.Username)
	p.field("Password", auth.Password.String())
	p.field("Client key in file", auth.ClientKey.String()+auth.PKCS12.String())
	p.field("Control channel", fmt.Sprintf("%s %s %s", profile.ControlChannel.Mode, profile.ControlChannel.Digest, profile.ControlChannel.Key))
	p.field("Root thumbprints", join(profile.Gateway.RootThumbprints))
	for _, root := range profile.Gateway.Roots {
		p.field("Root", fmt.Sprintf("%s, %s, until %s", identity.Subject(root), identity.Thumbprint(root), root.NotAfter.UTC().Format("2006-01-02")))
	}
	p.field("Gateway's name", strings.TrimSpace(string(profile.Gateway.Name.Type)+" "+profile.Gateway.Name.Value))
	p.field("DNS servers", join(profile.DNS.Servers))
	p.field("DNS suffixes", join(profile.DNS.Suffixes))
	p.field("Search domains", join(profile.DNS.SearchDomains))
	p.field("Routes in", join(profile.IncludeRoutes))
	p.field("Routes out", join(profile.ExcludeRoutes))
	if proxy := profile.Proxy; proxy != nil {
		p.field("Proxy", fmt.Sprintf("%s %s:%d %s %s", proxy.Type, proxy.Host, proxy.Port, proxy.Username, proxy.Password))
	}
	p.field("Secondary profile", profile.SecondaryProfile)
	if !given.Settings.IsZero() {
		p.line("\nSettings")
		redacted := given.Settings.Redacted()
		for _, key := range settings.Keys() {
			p.field(key.Name, redacted.Get(key.Name))
		}
	}
	return p.String()
}

// describeComputer writes what the network looks like now.
func describeComputer(c *diagnosis.Computer) string {
	var p page
	p.line("Interfaces")
	for _, link := range c.Links {
		state := "down"
		if link.Up {
			state = "up"
		}
		p.line("  %d %s %s %s, mtu %d, %s, %s", link.Index, link.Name, link.Kind, state, link.MTU, link.Hardware, join(link.Addresses))
	}
	p.line("\nRoutes")
	for _, r := range c.Routes {
		p.line("  %s", describeRoute(r))
	}
	p.line("\nRules")
	for _, rule := range c.Rules {
		p.line("  %s", rule)
	}
	p.line("\nName resolution")
	p.field("  Managed by", c.Names.Manager)
	p.field("  Servers", join(c.Names.Servers))
	p.field("  Search domains", join(c.Names.Search))
	for _, link := range c.Names.Links {
		p.line("  %s: servers %s, domains %s, default %v", link.Device, join(link.Servers), join(link.Domains), link.Default)
	}
	if c.ClockKept != nil {
		p.line("\nClock synchronised: %v", *c.ClockKept)
	}
	return p.String()
}

func describeRoute(r diagnosis.Route) string {
	text := r.Prefix.String()
	if r.Gateway.IsValid() {
		text += " via " + r.Gateway.String()
	}
	return fmt.Sprintf("%s dev %s metric %d table %d protocol %d", text, r.Device, r.Metric, r.Table, r.Protocol)
}

// changes writes what tunnels of ours have changed on this computer: what is recognised as ours now, and the name resolution before.
func (g *gatherer) changes(c *diagnosis.Computer) string {
	var p page
	p.line("What Footbridge has changed on this computer, as it is now. All of it goes when the connections end; footbridge repair")
	p.line("undoes what a killed one left.")
	p.line("\nInterfaces")
	ours := map[string]bool{}
	if g.snapshot != nil {
		for _, session := range g.snapshot.Sessions {
			if session.Connection != nil {
				ours[session.Connection.Interface] = true
				p.line("  %s of the connection %s, addresses %s", session.Connection.Interface, session.ID, join(session.Connection.Addresses))
			}
		}
	}
	p.line("\nRoutes added")
	for _, r := range c.Routes {
		if r.Protocol == rtnetlink.Protocol {
			p.line("  %s", describeRoute(r))
		}
	}
	p.line("\nName resolution")
	for _, link := range c.Names.Links {
		if ours[link.Device] {
			p.line("  %s: servers %s, domains %s", link.Device, join(link.Servers), join(link.Domains))
		}
	}
	for _, name := range []string{"etc/resolv.conf", "etc/resolv.conf.before-footbridge"} {
		if text, err := readTail(filepath.Join(g.options.Root, name)); err == nil {
			p.line("\n/%s\n%s", name, indent(text))
		}
	}
	return p.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// versions writes which programs these are, and on what they run.
func (g *gatherer) versions() string {
	var p page
	p.field("Program", versionOr(g.options.Version))
	if g.snapshot != nil {
		p.field("Service", versionOr(g.snapshot.Service))
	}
	p.field("Built with", runtime.Version())
	p.field("System", runtime.GOOS+" "+runtime.GOARCH)
	for _, source := range []struct{ name, path string }{{"Kernel", "proc/sys/kernel/osrelease"}, {"Kernel build", "proc/sys/kernel/version"}} {
		if text, err := os.ReadFile(filepath.Join(g.options.Root, source.path)); err == nil {
			p.field(source.name, strings.TrimSpace(string(text)))
		}
	}
	if text, err := readTail(filepath.Join(g.options.Root, "etc/os-release")); err == nil {
		for line := range strings.Lines(text) {
			if name, value, found := strings.Cut(strings.TrimSpace(line), "="); found && slices.Contains([]string{"PRETTY_NAME", "VERSION_ID", "ID"}, name) {
				p.field(name, strings.Trim(value, `"`))
			}
		}
	}
	for _, name := range []string{"LANG", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"} {
		p.field(name, g.options.Environment(name))
	}
	for _, name := range []string{"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		p.field(name, g.options.Environment(name))
	}
	return p.String()
}

// readme is the first page.
func (g *gatherer) readme() string {
	var p page
	p.line("Footbridge report of %s", g.options.Now().UTC().Format("2006-01-02 15:04 UTC"))
	if d := g.options.Diagnosis; d != nil {
		summary := strings.TrimSpace(d.Summary.Sentence + " " + d.Summary.Remedy)
		p.line("\nSummary: %s", summary)
	}
	p.line("\nWhat is in it")
	for _, f := range g.files {
		p.line("  %-24s %s", f.name, purpose(f.name))
	}
	if len(g.missing) > 0 {
		p.line("\nWhat could not be had")
		for _, m := range g.missing {
			p.line("  %s", m)
		}
	}
	p.line("\nWhat is not in it")
	p.line("  Passwords, tokens, private keys and the gateway's secret are left out; %s stands in their place.", redactedText)
	if g.options.Plain {
		p.line("  Names and addresses are as they are: whoever gets this report sees them.")
		return p.String()
	}
	p.line("  Names and addresses are replaced, the same by the same everywhere in this report:")
	p.line("    IP addresses     by others of their kind (private, public); networks that belonged together still do")
	p.line("    host names       by names under .example; Azure's own endings stay")
	p.line("    users, e-mail    by user1, user1@domain1.example …")
	p.line("    ids, hardware    by 00000000-0000-4000-8000-000000000001 …, 02:00:00:00:00:01 …")
	p.line("    certificates     their names by name1 …; the public roots of Azure's gateways stay")
	p.line("  %d different names and addresses were replaced. What was what is written nowhere.", g.anonymiser.count())
	return p.String()
}

func purpose(name string) string {
	switch {
	case name == "diagnosis.txt", name == "diagnosis.json":
		return "what was checked, and what was found"
	case name == "status.json":
		return "what the service says of the connections now"
	case name == "history.json":
		return "earlier connections, and why they ended"
	case name == "policy.json":
		return "what the administrator of this computer decided"
	case name == "versions.txt":
		return "the programs and the system"
	case name == "network.txt":
		return "interfaces, routes and name resolution now"
	case name == "changes.txt":
		return "what Footbridge has changed on this computer"
	case strings.HasPrefix(name, "logs/"):
		return "the newest part of a log"
	default:
		return "a profile without its secrets"
	}
}
