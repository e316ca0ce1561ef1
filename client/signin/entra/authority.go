package entra

import (
	"net/url"
	"slices"
	"strings"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// authority is who signs users in: one tenant of one cloud.
type authority struct {
	host   string // with the port where there is one
	tenant string // a GUID, or a name such as contoso.onmicrosoft.com
}

// url is the authority as MSAL wants it: one path segment.
func (a authority) url() string { return "https://" + a.host + "/" + a.tenant + "/" }

// clouds are the hosts that sign users of Microsoft's clouds in (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
func clouds() []string {
	return []string{
		"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net", // public
		"login.microsoftonline.us", "login.usgovcloudapi.net", "login-us.microsoftonline.com", // United States government
		"login.partner.microsoftonline.cn", "login.chinacloudapi.cn", // 21Vianet
		"login.microsoftonline.de", // Germany, closed since 2021
	}
}

// isMicrosoft reports whether an authority is one of Microsoft's own.
func (a authority) isMicrosoft() bool { return slices.Contains(clouds(), a.host) }

// parseAuthority reads the tenant of a profile, "https://login.microsoftonline.com/{tenant}" with or without more behind it. ok is false where it
// is no such address.
func parseAuthority(text string) (a authority, ok bool) {
	parsed, err := url.Parse(strings.TrimSpace(text))
	if err != nil || parsed.Scheme != "https" || parsed.User != nil || parsed.Hostname() == "" || parsed.RawQuery != "" || parsed.Fragment != "" || parsed.Opaque != "" {
		return authority{}, false
	}
	segment, _, _ := strings.Cut(strings.TrimPrefix(parsed.Path, "/"), "/")
	if segment == "" || len(segment) > 253 || strings.Trim(segment, tenantRunes) != "" {
		return authority{}, false
	}
	host := strings.ToLower(parsed.Host)
	return authority{host: strings.TrimSuffix(host, ":443"), tenant: strings.ToLower(segment)}, true
}

// SignsInAt reports whether a server is the one that a profile's users sign in at.
func SignsInAt(entra profiles.Entra, server string) bool {
	a, ok := parseAuthority(entra.Tenant)
	return ok && server != "" && strings.EqualFold(a.host, strings.TrimSuffix(server, ":443"))
}

// tenantRunes are what ids and names of tenants are made of.
const tenantRunes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"
