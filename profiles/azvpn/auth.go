package azvpn

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles/certificate"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
)

var (
	guid        = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	guidInside  = regexp.MustCompile(`(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	placeholder = regexp.MustCompile(`\$\{?[A-Za-z_][A-Za-z0-9_]*\}?|\$\(|<[^<>]*>|\{[^{}]*\}|\[[A-Za-z_ -]+\]|(?i)\byour[-_ ]?(tenant|directory|app|audience|gateway|client)`)
)

// authentication reads how the user signs in.
func (p *parser) authentication() {
	auth := p.root.child("clientauth")
	aad, cert, user := auth.child("aad"), auth.child("cert"), auth.child("usernamepass")
	p.profile.Type = p.authenticationType(auth, aad, cert, user)
	switch p.profile.Type {
	case AAD:
		p.entra(auth, aad)
	case Certificate:
		p.certificateSelector(cert)
	case UsernamePass:
		p.profile.Username = user.value("username")
		p.profile.Password = secret.Text(user.value("password"))
	}
}

// authenticationType is clientauth/type or, where it is missing, what the only filled element says.
func (p *parser) authenticationType(auth, aad, cert, user *element) Type {
	e := auth.child("type")
	if e == nil || e.text == "" {
		var filled []Type
		for kind, candidate := range map[Type]*element{AAD: aad, Certificate: cert, UsernamePass: user} {
			if !candidate.isEmpty() {
				filled = append(filled, kind)
			}
		}
		if len(filled) == 0 && p.root.find("azuretenant") != nil {
			filled = []Type{AAD}
		}
		if len(filled) == 1 {
			p.Warning("missing-type", e.at(auth, p.root), fmt.Sprintf("The authentication type is missing; %s is taken, for which there are values.", filled[0]),
				fmt.Sprintf("Put <type>%s</type> into <clientauth>.", filled[0]))
			return filled[0]
		}
		p.Fault("missing-type", e.at(p.root), "The authentication type is missing.", "Put <type>aad</type>, <type>cert</type> or <type>usernamepass</type> into <clientauth>.")
		return ""
	}
	switch strings.ToLower(e.text) {
	case "aad", "azuread", "entra", "entraid":
		return AAD
	case "cert", "certificate":
		return Certificate
	case "usernamepass", "usernamepassword", "radius":
		return UsernamePass
	}
	if !p.placeholder(e) {
		p.Fault("unknown-type", e.line, "The authentication type is not known.", "Write aad, cert or usernamepass.")
	}
	return ""
}

func (p *parser) entra(auth, aad *element) {
	entra := &Entra{
		CacheSignInUser:  p.boolean(aad.child("cachesigninuser"), true),
		EnableGroupToken: p.boolean(aad.child("enablegrouptoken"), false),
		DisableSSO:       p.boolean(aad.child("disableSso"), false),
		EnableDeviceSSO:  p.boolean(aad.child("enabledevicesso"), false),
	}
	p.profile.Entra = entra
	audience, tenant, issuer := aad.child("audience"), aad.child("tenant"), aad.child("issuer")
	if audience == nil {
		audience = p.root.find("azureaudience")
	}
	if tenant == nil {
		tenant = p.root.find("azuretenant")
	}
	entra.Audience = p.audience(audience, aad.at(auth, p.root))
	entra.Tenant = p.authority(tenant, aad.at(auth, p.root), "tenant", "https://login.microsoftonline.com/<tenant id>/")
	entra.Issuer = p.issuer(issuer, aad.at(auth, p.root))
	entra.ApplicationID = p.applicationID(aad.child("applicationid", "appid", "clientid"))
	of, from := guidInside.FindString(entra.Tenant), guidInside.FindString(entra.Issuer)
	if of != "" && from != "" && !strings.EqualFold(of, from) {
		p.Warning("tenant-mismatch", issuer.line, "The issuer belongs to another tenant than the tenant's URL.", "Put the same tenant id into both.")
	}
}

func (p *parser) audience(e *element, line int) string {
	switch {
	case e == nil || e.text == "":
		p.Fault("missing-audience", e.at(&element{line: line}), "The audience, the application that the gateway wants tokens for, is missing.", "Put the application id from the gateway's configuration into <audience>.")
		return ""
	case p.placeholder(e):
		return ""
	case !guid.MatchString(strings.TrimPrefix(strings.ToLower(e.text), "api://")):
		p.Warning("bad-audience", e.line, "The audience is not an application id (a GUID).", "Put the application id from the gateway's configuration into <audience>.")
	}
	return e.text
}

func (p *parser) applicationID(e *element) string {
	if e == nil || e.text == "" || p.placeholder(e) {
		return ""
	}
	if !guid.MatchString(e.text) {
		p.Warning("bad-application", e.line, "The application to sign in with is not an application id (a GUID).", "Put the client id of the registered application there.")
	}
	return e.text
}

// authority checks a URL that names a tenant.
func (p *parser) authority(e *element, line int, name, example string) string {
	switch {
	case e == nil || e.text == "":
		p.Fault("missing-"+name, e.at(&element{line: line}), fmt.Sprintf("The %s is missing.", name), fmt.Sprintf("Put %s into <%s>.", example, name))
		return ""
	case p.placeholder(e):
		return ""
	case guid.MatchString(e.text) && name == "tenant":
		p.Warning("bad-tenant", e.line, "The tenant is only an id, not a URL; https://login.microsoftonline.com/ is put in front.", fmt.Sprintf("Write %s.", example))
		return "https://login.microsoftonline.com/" + e.text + "/"
	case !isTenantURL(e.text):
		p.Fault("bad-"+name, e.line, fmt.Sprintf("The %s is not a URL with a tenant id.", name), fmt.Sprintf("Write %s.", example))
		return ""
	}
	return e.text
}

// issuer checks the token's issuer. The gateway compares it as text, so that a missing slash makes it refuse every token.
func (p *parser) issuer(e *element, line int) string {
	if e == nil || e.text == "" {
		p.Warning("missing-issuer", e.at(&element{line: line}), "The issuer is missing.", "Put https://sts.windows.net/<tenant id>/ into <issuer>.")
		return ""
	}
	text := p.authority(e, line, "issuer", "https://sts.windows.net/<tenant id>/")
	if text != "" && !strings.HasSuffix(text, "/") {
		p.Warning("issuer-slash", e.line, "The issuer does not end with a slash; a gateway configured like this refuses every sign-in.",
			"End the issuer with / here and in the gateway's configuration.")
	}
	return text
}

func (p *parser) certificateSelector(cert *element) {
	if cert.isEmpty() {
		return
	}
	selector := &CertificateSelector{Issuer: cert.value("issuer")}
	if e := cert.child("hash"); e != nil && e.text != "" && !p.placeholder(e) {
		hash, ok := certificate.ParseThumbprint(e.text)
		if !ok {
			p.Fault("bad-client-thumbprint", e.line, "The hash of the client certificate is not a SHA-1 thumbprint of 40 hexadecimal digits.",
				"Correct it, or leave it empty to choose the certificate when connecting.")
		}
		selector.Thumbprint = hash
	}
	p.profile.Certificate = selector
}

// placeholder reports a value that a template or the documentation left to be filled in.
func (p *parser) placeholder(e *element) bool {
	found := placeholder.FindString(e.text)
	if found == "" {
		return false
	}
	p.Append(*placeholderFault(e.line, limited(found)))
	return true
}

// limited keeps a quotation short.
func limited(text string) string {
	const longest = 40
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
