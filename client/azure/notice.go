package azure

import (
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
)

// Notice is something about a profile or a gateway that will keep people out if nobody does anything.
type Notice struct {
	Code    NoticeCode `json:"code"`
	Subject string     `json:"subject,omitempty"` // what it is about
	When    time.Time  `json:"when,omitzero"`
}

// NoticeCode names a Notice for programs and for catalogues of languages.
type NoticeCode string

// The notices.
const (
	RetiredRoot       NoticeCode = "retired-root"        // the profile accepts only a root that gateways are giving up
	AudienceRetires   NoticeCode = "audience-retires"    // Subject is the application id, which Microsoft ends
	ClientRootExpires NoticeCode = "client-root-expires" // Subject is the gateway's root certificate
	ClientRootExpired NoticeCode = "client-root-expired"
	GatewayRootEnds   NoticeCode = "gateway-root-ends" // Subject is a root in the profile
	GatewayFailed     NoticeCode = "gateway-failed"    // Subject is the gateway: its last change failed
)

// Ahead is how long before its date something is noticed.
const Ahead = 180 * 24 * time.Hour

// retiringAudiences are the application ids of the Azure VPN client that administrators had to register by hand, with the day they end
// (https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about).
func retiringAudiences() map[string]time.Time {
	first, second := time.Date(2028, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2029, 3, 31, 0, 0, 0, 0, time.UTC)
	return map[string]time.Time{
		"41b23e61-6c1e-4545-b367-cd054e0ed4b4": first,  // public
		"51bb15d4-3a4f-4ebf-9dca-40096fe32426": second, // United States government
		"49f817b6-84ae-4cc0-928c-73f27289b3aa": second, // 21Vianet
	}
}

// Notices are what will matter about a profile and its gateway. A retiring application id is noticed at once, whenever it ends: to move to
// another one takes new profiles for everybody.
func Notices(p *profiles.Profile, g Gateway, now time.Time) []Notice {
	var all []Notice
	for _, f := range profiles.Validate(p) {
		if f.Code == "retired-root" {
			all = append(all, Notice{Code: RetiredRoot})
		}
	}
	if entra := p.Authentication.Entra; entra != nil {
		all = append(all, audienceNotices(entra.Audience)...)
	}
	for _, root := range p.Gateway.Roots {
		if root.IsCA && root.NotAfter.Before(now.Add(Ahead)) {
			all = append(all, Notice{GatewayRootEnds, root.Subject.CommonName, root.NotAfter.UTC()})
		}
	}
	for _, n := range GatewayNotices(g, now) {
		if !slices.ContainsFunc(all, func(have Notice) bool { return have.Code == n.Code && strings.EqualFold(have.Subject, n.Subject) }) {
			all = append(all, n)
		}
	}
	return all
}

// audienceNotices is that an application id ends, where it does.
func audienceNotices(audience string) []Notice {
	if ends, ok := retiringAudiences()[strings.ToLower(audience)]; ok {
		return []Notice{{AudienceRetires, audience, ends}}
	}
	return nil
}

// GatewayNotices are what will matter about a gateway.
func GatewayNotices(g Gateway, now time.Time) []Notice {
	var all []Notice
	if strings.EqualFold(g.State, "Failed") {
		all = append(all, Notice{Code: GatewayFailed, Subject: g.Name})
	}
	if g.PointToSite == nil {
		return all
	}
	if entra := g.PointToSite.Entra; entra != nil && slices.Contains(g.PointToSite.Authentication, EntraAuthentication) {
		all = append(all, audienceNotices(entra.Audience)...)
	}
	if !slices.Contains(g.PointToSite.Authentication, CertificateAuthentication) {
		return all
	}
	for _, root := range g.PointToSite.Roots {
		switch {
		case root.Expires.IsZero():
		case root.Expires.Before(now):
			all = append(all, Notice{ClientRootExpired, root.Name, root.Expires})
		case root.Expires.Before(now.Add(Ahead)):
			all = append(all, Notice{ClientRootExpires, root.Name, root.Expires})
		}
	}
	return all
}
