package main

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func (a *app) showCommand() *cobra.Command {
	var secrets bool
	command := &cobra.Command{
		Use:               "show PROFILE [flags]",
		Example:           "  footbridge show contoso\n  footbridge show contoso --json\n  footbridge show contoso --secrets",
		Args:              exactly(1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE:              func(command *cobra.Command, args []string) error { return a.show(command.Context(), args[0], secrets) },
	}
	command.Flags().BoolVar(&secrets, "secrets", false, "")
	return command
}

// showResult is what is known of a profile. Of a machine profile only what users may know.
type showResult struct {
	document
	ID             string                      `json:"id"`
	Name           string                      `json:"name"`
	Machine        bool                        `json:"machine"`
	Authentication profiles.AuthenticationType `json:"authentication"`
	Servers        []string                    `json:"servers"`
	Transport      profiles.Transport          `json:"transport,omitempty"`
	Entra          *shownEntra                 `json:"entra,omitempty"`
	Certificate    *shownCertificate           `json:"certificate,omitempty"`
	Roots          []shownRoot                 `json:"roots,omitempty"`
	DNSServers     []netip.Addr                `json:"dns_servers,omitempty"`
	DNSSuffixes    []string                    `json:"dns_suffixes,omitempty"`
	IncludeRoutes  []netip.Prefix              `json:"include_routes,omitempty"`
	ExcludeRoutes  []netip.Prefix              `json:"exclude_routes,omitempty"`
	ServerSecret   string                      `json:"server_secret,omitempty"` // redacted without --secrets
	Imported       *time.Time                  `json:"imported,omitempty"`
	Path           string                      `json:"path,omitempty"`
	Settings       map[string]string           `json:"settings"` // by key, as set takes them
	Warnings       []findingJSON               `json:"warnings,omitempty"`
}

type shownEntra struct {
	Audience      string `json:"audience"`
	Tenant        string `json:"tenant"`
	Issuer        string `json:"issuer,omitempty"`
	ApplicationID string `json:"application_id,omitempty"`
}

type shownCertificate struct {
	Thumbprint string `json:"thumbprint,omitempty"`
	Issuer     string `json:"issuer,omitempty"`
}

type shownRoot struct {
	Name       string    `json:"name"`
	Thumbprint string    `json:"thumbprint"`
	NotAfter   time.Time `json:"not_after"`
}

func (a *app) show(ctx context.Context, wanted string, secrets bool) error {
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	found, err := all.find(wanted)
	if err != nil {
		return err
	}
	result := showResult{document: newDocument(), ID: found.ID, Name: found.Name, Machine: found.Machine, Authentication: found.Authentication,
		Servers: found.Servers, Settings: shownSettings(found.Settings, secrets)}
	if found.Entry != nil {
		result.fill(*found.Entry, secrets)
	}
	if a.json {
		return a.printJSON(result)
	}
	a.showProfile(result)
	return nil
}

func (r *showResult) fill(entry store.Entry, secrets bool) {
	p := entry.Profile
	r.Transport, r.Imported, r.Path = p.Transport, &entry.Imported, entry.Path
	r.DNSServers, r.DNSSuffixes, r.IncludeRoutes, r.ExcludeRoutes = p.DNS.Servers, p.DNS.Suffixes, p.IncludeRoutes, p.ExcludeRoutes
	if e := p.Authentication.Entra; e != nil {
		r.Entra = &shownEntra{e.Audience, e.Tenant, e.Issuer, e.ApplicationID}
	}
	if c := p.Authentication.Certificate; c != nil && (c.Thumbprint != "" || c.Issuer != "") {
		r.Certificate = &shownCertificate{c.Thumbprint, c.Issuer}
	}
	for _, root := range p.Gateway.Roots {
		if signin.SelfSigned(root) {
			r.Roots = append(r.Roots, shownRoot{root.Subject.CommonName, signin.Thumbprint(root), root.NotAfter})
		}
	}
	if p.ControlChannel.Key != "" {
		r.ServerSecret = p.ControlChannel.Key.String()
		if secrets {
			r.ServerSecret = p.ControlChannel.Key.Reveal()
		}
	}
	for _, f := range profiles.Validate(p) {
		r.Warnings = append(r.Warnings, toFindingJSON(f))
	}
}

// shownSettings are the settings that say something, by their keys.
func shownSettings(s settings.Settings, secrets bool) map[string]string {
	if !secrets {
		s = s.Redacted()
	}
	shown := map[string]string{}
	for _, key := range settings.Keys() {
		if value := s.Get(key.Name); value != "" {
			shown[key.Name] = value
		}
	}
	return shown
}

func (a *app) showProfile(r showResult) {
	a.out.styledLine(bold, r.Name)
	list := []fact{
		{a.text("show.gateway", nil), cell{text: strings.Join(r.Servers, ", ")}},
		{a.text("show.transport", nil), cell{text: strings.ToUpper(string(r.Transport))}},
		{a.text("show.sign-in", nil), cell{text: a.signInName(r.Authentication)}},
	}
	if e := r.Entra; e != nil {
		list = append(list, fact{a.text("show.audience", nil), cell{text: e.Audience}}, fact{a.text("show.tenant", nil), cell{text: e.Tenant}},
			fact{a.text("show.issuer", nil), cell{text: e.Issuer}}, fact{a.text("show.application", nil), cell{text: e.ApplicationID}})
	}
	if c := r.Certificate; c != nil {
		list = append(list, fact{a.text("show.thumbprint", nil), cell{text: c.Thumbprint}}, fact{a.text("show.certificate-issuer", nil), cell{text: c.Issuer}})
	}
	for _, root := range r.Roots {
		list = append(list, fact{a.text("show.root", nil), cell{text: root.Name + ", " + a.texts().Date(root.NotAfter)}})
	}
	list = append(list, fact{a.text("show.dns", nil), cell{text: join(r.DNSServers)}},
		fact{a.text("show.suffixes", nil), cell{text: strings.Join(r.DNSSuffixes, ", ")}},
		fact{a.text("show.include", nil), cell{text: a.routes(r.IncludeRoutes)}}, fact{a.text("show.exclude", nil), cell{text: a.routes(r.ExcludeRoutes)}},
		fact{a.text("show.secret", nil), cell{text: r.ServerSecret}}, fact{a.text("show.file", nil), cell{text: r.Path}})
	if r.Imported != nil {
		list = append(list, fact{a.text("show.imported", nil), cell{text: a.texts().Moment(*r.Imported)}})
	}
	if r.Machine {
		list = append(list, fact{a.text("show.for", nil), cell{text: a.text("show.everybody", nil)}})
	}
	a.out.facts(list)
	a.showSettings(r.Settings)
}

func (a *app) showSettings(shown map[string]string) {
	if len(shown) == 0 {
		return
	}
	a.heading("show.settings")
	var list []fact
	for _, key := range settings.Keys() {
		if value, set := shown[key.Name]; set {
			list = append(list, fact{"  " + key.Name, cell{text: value}})
		}
	}
	a.out.facts(list)
}
