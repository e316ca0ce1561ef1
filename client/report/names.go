package report

import (
	"os"
	"os/user"
	"slices"
	"strings"
)

// learnNames tells the anonymiser the names that cannot be recognised by their form.
func (g *gatherer) learnNames() {
	learn := g.anonymiser.learnWord
	if current, err := user.Current(); err == nil && current.Uid != "0" {
		learn(userWord, current.Username)
		for name := range strings.SplitSeq(current.Name, ",") {
			learn(userWord, name)
		}
	}
	for _, name := range []string{"USER", "LOGNAME", "SUDO_USER"} {
		learn(userWord, g.options.Environment(name))
	}
	if home, found := strings.CutPrefix(g.options.Environment("HOME"), "/home/"); found {
		learn(userWord, home)
	}
	if name, err := os.Hostname(); err == nil {
		learn(computerWord, name)
		short, _, _ := strings.Cut(name, ".")
		learn(computerWord, short)
	}
	for _, account := range g.options.Accounts {
		g.learnAccount(account)
	}
	for _, p := range g.options.Profiles {
		if p.Profile == nil {
			continue
		}
		learn(profileWord, p.Profile.Name)
		learn(profileWord, p.Profile.SecondaryProfile)
		g.learnAccount(p.Profile.Authentication.Username)
		g.learnAccount(p.Settings.Username)
		g.learnAccount(p.Settings.LoginHint)
		for _, root := range p.Profile.Gateway.Roots {
			learn(certificateWord, root.Subject.CommonName)
		}
		for _, server := range p.Profile.Servers {
			learn(profileWord, server.DisplayName)
			g.anonymiser.learnHost(server.Host)
		}
		if p.Profile.Proxy != nil {
			g.learnAccount(p.Profile.Proxy.Username)
			g.anonymiser.learnHost(p.Profile.Proxy.Host)
		}
		for _, domain := range slices.Concat(p.Profile.DNS.Suffixes, p.Profile.DNS.SearchDomains) {
			g.anonymiser.learnHost(domain)
		}
	}
}

// learnAccount tells a user's name, and that before the "@" of an address, which is often used alone.
func (g *gatherer) learnAccount(name string) {
	if local, _, isAddress := strings.Cut(name, "@"); isAddress {
		name = local
	}
	if domain, rest, found := strings.Cut(name, `\`); found {
		g.anonymiser.learnWord(computerWord, domain)
		name = rest
	}
	g.anonymiser.learnWord(userWord, name)
}
