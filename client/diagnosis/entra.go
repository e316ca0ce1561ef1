package diagnosis

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// application is one of Microsoft's own registrations of the VPN client (point-to-site-about, "Azure VPN Client application").
type application struct {
	id, cloud, retires string
}

func applications() []application {
	return []application{
		{"c632b3df-fb67-4d84-bdcf-b95ad541b5c8", "", ""}, // every cloud
		{"41b23e61-6c1e-4545-b367-cd054e0ed4b4", "login.microsoftonline.com", "2028-03-31"},
		{"51bb15d4-3a4f-4ebf-9dca-40096fe32426", "login.microsoftonline.us", "2029-03-31"},
		{"538ee9e6-310a-468d-afef-ea97365856a9", "login.microsoftonline.de", ""},
		{"49f817b6-84ae-4cc0-928c-73f27289b3aa", "login.partner.microsoftonline.cn", "2029-03-31"},
	}
}

var guid = regexp.MustCompile(`[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)

// checkEntra looks at what the profile says of the sign-in, asks the tenant whether it is there, and looks at the token that is there.
func (x *examination) checkEntra(ctx context.Context) []Check {
	entra := x.profile.Authentication.Entra
	if entra == nil {
		return []Check{say(EntraNoTenant)}
	}
	tenant, err := url.Parse(entra.Tenant)
	if err != nil || tenant.Scheme != "https" || tenant.Hostname() == "" {
		return []Check{say(EntraNoTenant, fmt.Sprintf("tenant %q", entra.Tenant))}
	}
	checks := x.judgeEntra(entra, tenant)
	if check, failed := x.askTenant(ctx, tenant); failed {
		return append(checks, check)
	}
	checks = append(checks, x.judgeToken(entra)...)
	if slices.ContainsFunc(checks, func(c Check) bool { return c.Verdict == Failed }) {
		return checks
	}
	if x.Account == "" && x.Token == "" {
		return append(checks, say(EntraSignedOut))
	}
	return append(checks, say(CredentialOK, x.Account))
}

// judgeEntra looks at what can be wrong with the profile's words.
func (x *examination) judgeEntra(entra *profiles.Entra, tenant *url.URL) []Check {
	var checks []Check
	if entra.Issuer != "" && !strings.HasSuffix(entra.Issuer, "/") {
		checks = append(checks, say(EntraIssuerSlash, entra.Issuer))
	}
	of, in := guid.FindString(entra.Issuer), guid.FindString(tenant.Path)
	if of != "" && in != "" && !strings.EqualFold(of, in) {
		checks = append(checks, say(EntraIssuerTenant, "issuer "+of+", tenant "+in))
	}
	for _, app := range applications() {
		if !strings.EqualFold(entra.Audience, app.id) {
			continue
		}
		if app.cloud != "" && isKnownCloud(tenant.Hostname()) && !sameCloud(tenant.Hostname(), app.cloud) {
			checks = append(checks, say(EntraWrongCloud, "audience of "+app.cloud+", tenant at "+tenant.Hostname()))
		} else if app.retires != "" {
			checks = append(checks, say(EntraAudienceRetires, "on "+app.retires))
		}
	}
	return checks
}

func isKnownCloud(host string) bool {
	return host == "login.chinacloudapi.cn" || slices.ContainsFunc(applications(), func(a application) bool { return a.cloud == host })
}

func sameCloud(host, cloud string) bool {
	return host == cloud || host == "login.chinacloudapi.cn" && cloud == "login.partner.microsoftonline.cn"
}

// askTenant asks for the tenant's OpenID configuration (OpenID Connect Discovery section 4).
func (x *examination) askTenant(ctx context.Context, tenant *url.URL) (Check, bool) {
	ctx, cancel := context.WithTimeout(ctx, 3500*time.Millisecond)
	defer cancel()
	answer, err := x.fetch(ctx, tenant.JoinPath("v2.0/.well-known/openid-configuration").String())
	switch {
	case err != nil:
		return say(EntraUnreachable, err.Error()), true
	case answer.status >= 500, answer.status >= 300 && answer.status < 400:
		return say(EntraUnreachable, fmt.Sprintf("%s answered with status %d", tenant.Hostname(), answer.status)), true
	case answer.status != http.StatusOK:
		return say(EntraTenantUnknown, fmt.Sprintf("%s answered with status %d %s", tenant.Hostname(), answer.status, entraCode(answer.body))), true
	}
	var configuration struct {
		Issuer string `json:"issuer"`
		Token  string `json:"token_endpoint"`
	}
	if json.Unmarshal(answer.body, &configuration) != nil || configuration.Token == "" {
		return say(EntraUnreachable, tenant.Hostname()+" answered something else than a configuration"), true
	}
	return Check{}, false
}

var aadsts = regexp.MustCompile(`AADSTS\d{1,9}`)

// entraCode is the code in an error of Entra's.
func entraCode(body []byte) string { return string(aadsts.Find(body)) }

// claims are those of an access token that a gateway looks at (RFC 7519 section 4.1).
type claims struct {
	Audience  audience `json:"aud"`
	Issuer    string   `json:"iss"`
	Expires   float64  `json:"exp"`
	NotBefore float64  `json:"nbf"`
}

// audience is one name or several.
type audience []string

// UnmarshalJSON reads both ways to write it.
func (a *audience) UnmarshalJSON(data []byte) error {
	var name string
	if json.Unmarshal(data, &name) == nil {
		*a = audience{name}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// maxToken bounds a token, in bytes; real ones have two to four thousand.
const maxToken = 64 << 10

// parseClaims reads a token's claims. Nobody has verified them: they are for a person to compare.
func parseClaims(token string) (claims, error) {
	var c claims
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxToken {
		return c, errors.New("it is no JSON Web Token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, errors.New("its content cannot be read") // what exactly is wrong would quote it
	}
	return c, nil
}

// judgeToken compares the token that is there with what the gateway wants.
func (x *examination) judgeToken(entra *profiles.Entra) []Check {
	if x.Token == "" {
		return nil
	}
	c, err := parseClaims(x.Token.Reveal())
	if err != nil {
		return []Check{say(TokenBroken, err.Error())}
	}
	now := float64(x.now().Unix())
	switch {
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return strings.EqualFold(strings.TrimPrefix(a, "api://"), entra.Audience) }):
		return []Check{say(TokenAudience, fmt.Sprintf("token for %q, gateway wants %q", strings.Join(c.Audience, ", "), entra.Audience))}
	case entra.Issuer != "" && strings.TrimSuffix(c.Issuer, "/") != strings.TrimSuffix(entra.Issuer, "/"):
		return []Check{say(TokenIssuer, fmt.Sprintf("token from %q, gateway wants %q", c.Issuer, entra.Issuer))}
	case c.Expires > 0 && now > c.Expires:
		return []Check{say(TokenExpired, "at "+stamp(c.Expires))}
	case c.NotBefore > now+clockTolerance.Seconds():
		return []Check{say(TokenNotYet, "from "+stamp(c.NotBefore))}
	default:
		return nil
	}
}

// stamp writes a time of a claim, which may be any number.
func stamp(seconds float64) string {
	if seconds < 0 || seconds > 1<<40 {
		return "a time that makes no sense"
	}
	return time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339)
}
