package editor

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Keys of how the user signs in, beside the settings' keys.
const (
	methodKey   = "method"
	tenantKey   = "tenant"
	audienceKey = "audience"
)

// authentication is how the user signs in: what of it an editor changes.
type authentication struct {
	method           profiles.AuthenticationType
	tenant, audience string // with Entra ID
}

func authenticationOf(p profiles.Authentication) authentication {
	a := authentication{method: p.Type}
	if a.method == "" {
		a.method = profiles.Certificate
	}
	if e := p.Entra; e != nil {
		a.tenant, a.audience = e.Tenant, e.Audience
	}
	return a
}

// Methods are the ways to sign in, to choose from.
func (d *Draft) Methods() []profiles.AuthenticationType {
	return []profiles.AuthenticationType{profiles.Certificate, profiles.EntraID, profiles.UsernamePassword}
}

// Method is how the user signs in.
func (d *Draft) Method() profiles.AuthenticationType { return d.authentication.method }

// SetMethod changes it.
func (d *Draft) SetMethod(method profiles.AuthenticationType) {
	d.authentication.method = method
	d.checkAuthentication()
}

// Tenant is the organisation to sign in to with Entra ID, as the URL of its authority.
func (d *Draft) Tenant() string { return d.authentication.tenant }

// SetTenant changes it: a URL, or only the tenant's id.
func (d *Draft) SetTenant(text string) {
	text = strings.TrimSpace(text)
	if wholeGUID.MatchString(text) {
		text = publicAuthority + strings.ToLower(text) + "/"
	}
	d.authentication.tenant = text
	d.checkAuthentication()
}

// Audience is the application that the gateway wants tokens for.
func (d *Draft) Audience() string { return d.authentication.audience }

// SetAudience changes it.
func (d *Draft) SetAudience(text string) {
	d.authentication.audience = strings.TrimSpace(text)
	d.checkAuthentication()
}

func (d *Draft) checkAuthentication() {
	delete(d.wrong, tenantKey)
	delete(d.wrong, audienceKey)
	if a := d.authentication; a.method == profiles.EntraID {
		if !isTenant(a.tenant) {
			d.wrong[tenantKey] = d.texts.Text("ui.editor.tenant-wrong", nil)
		}
		if a.audience == "" || strings.ContainsAny(a.audience, " \t") || len(a.audience) > mostAudience {
			d.wrong[audienceKey] = d.texts.Text("ui.editor.audience-wrong", nil)
		}
	}
	d.checkProfile()
}

// mostAudience bounds the name of an application, in bytes.
const mostAudience = 256

// publicAuthority is where tenants of Azure's public cloud sign in.
const publicAuthority = "https://login.microsoftonline.com/"

// publicIssuer is who issues the tokens of a tenant there.
const publicIssuer = "https://sts.windows.net/"

var (
	wholeGUID  = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	guidInside = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// isTenant reports whether text is an https URL with a tenant as its path.
func isTenant(text string) bool {
	u, err := url.Parse(text)
	return err == nil && strings.EqualFold(u.Scheme, "https") && u.Host != "" && u.User == nil && strings.Trim(u.Path, "/") != ""
}

// changesAuthentication reports whether another sign-in is wanted than the profile has.
func (d *Draft) changesAuthentication() bool {
	if d.before.Entry == nil {
		return false
	}
	before := authenticationOf(d.before.Entry.Profile.Authentication)
	if d.authentication.method != before.method {
		return true
	}
	return before.method == profiles.EntraID && d.authentication != before
}

// apply changes how the user of a profile signs in. What another way needs stays where the way stays.
func (a authentication) apply(p *profiles.Profile) {
	auth := p.Authentication
	if auth.Type != a.method && (auth.Type != "" || a.method != profiles.Certificate) {
		auth.Type = a.method
		auth.Certificate, auth.Challenge = nil, nil
		auth.AuthUserPass = a.method == profiles.UsernamePassword && p.Format == profiles.FormatOVPN
	}
	if a.method == profiles.EntraID && auth.Entra == nil {
		auth.Entra = &profiles.Entra{CacheSignInUser: true}
	}
	if a.method != profiles.EntraID {
		auth.Entra = nil
	} else if entra := *auth.Entra; entra.Tenant != a.tenant || entra.Audience != a.audience || entra.Issuer == "" {
		entra.Issuer = issuerFor(a.tenant, entra.Issuer)
		entra.Tenant, entra.Audience = a.tenant, a.audience
		auth.Entra = &entra
	}
	p.Authentication = auth
}

// issuerFor is who issues the tokens of a tenant: for another tenant the same one, with the other id.
func issuerFor(tenant, before string) string {
	id := guidInside.FindString(tenant)
	switch {
	case id == "":
		return before
	case guidInside.MatchString(before):
		return guidInside.ReplaceAllString(before, strings.ToLower(id))
	case strings.HasPrefix(strings.ToLower(tenant), publicAuthority):
		return publicIssuer + strings.ToLower(id) + "/"
	default:
		return before
	}
}

// Relevant reports whether a setting matters to how the user signs in; those that are set do anyway.
func (d *Draft) Relevant(key string) bool {
	if d.values[key] != "" || d.wrong[key] != "" {
		return true
	}
	password := []string{"username", "remember-password"}
	entra := []string{"sign-in", "login-hint", "sign-in-server"}
	certificate := []string{"pkcs12", "certificate", "key", "certificate-folder", "certificate-thumbprint", "certificate-issuer", "pkcs11"}
	both := d.before.Entry != nil && d.before.Entry.Profile.Authentication.AuthUserPass
	switch {
	case slices.Contains(password, key):
		return d.Method() == profiles.UsernamePassword || both
	case slices.Contains(entra, key):
		return d.Method() == profiles.EntraID
	case slices.Contains(certificate, key):
		return d.Method() == profiles.Certificate
	default:
		return true
	}
}
