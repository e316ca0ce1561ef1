package azure

import (
	"fmt"
	"slices"
	"strings"
)

// Difference is a setting that is not the same on two sides.
type Difference struct {
	Field  Field    `json:"field"`
	Before []string `json:"before"` // of secrets only whether there is one
	After  []string `json:"after"`
}

// Field is a setting that can differ.
type Field string

// The settings of gateways and of profiles.
const (
	FieldAddressPools   Field = "address-pools"
	FieldProtocols      Field = "protocols"
	FieldAuthentication Field = "authentication"
	FieldTenant         Field = "entra-tenant"
	FieldAudience       Field = "entra-audience"
	FieldIssuer         Field = "entra-issuer"
	FieldRADIUS         Field = "radius"
	FieldRADIUSSecret   Field = "radius-secret"
	FieldRoots          Field = "roots" // of client certificates
	FieldRevoked        Field = "revoked"
	FieldCustomRoutes   Field = "custom-routes"
	FieldDNSServers     Field = "dns-servers"

	FieldServers       Field = "servers"
	FieldTransport     Field = "transport"
	FieldGatewayRoots  Field = "gateway-roots" // that the gateway's certificate may end in
	FieldSecret        Field = "secret"
	FieldApplication   Field = "application-id"
	FieldDNSSuffixes   Field = "dns-suffixes"
	FieldIncludeRoutes Field = "include-routes"
	FieldExcludeRoutes Field = "exclude-routes"
)

// differences collects what differs.
type differences []Difference

func (d *differences) compare(field Field, before, after []string) {
	if !slices.Equal(before, after) {
		*d = append(*d, Difference{field, nonNil(before), nonNil(after)})
	}
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (d *differences) one(field Field, before, after string) {
	d.compare(field, oneOf(before), oneOf(after))
}

func oneOf(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// texts are how things are shown, in order.
func texts[T any](all []T) []string {
	var list []string
	for _, one := range all {
		list = append(list, fmt.Sprint(one))
	}
	return list
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// String is a root certificate as differences show it.
func (r Root) String() string {
	if r.Thumbprint == "" {
		return r.Name
	}
	return fmt.Sprintf("%s (%s, %s)", r.Name, r.Subject, r.Thumbprint)
}

// String is a revoked certificate as differences show it.
func (r Revoked) String() string {
	if strings.EqualFold(r.Name, r.Thumbprint) {
		return r.Thumbprint
	}
	return fmt.Sprintf("%s (%s)", r.Name, r.Thumbprint)
}

// String is a RADIUS server as differences show it.
func (r RADIUSServer) String() string {
	if r.Score == 0 {
		return r.Address
	}
	return fmt.Sprintf("%s (score %d)", r.Address, r.Score)
}

// between are the differences of a gateway's settings.
func between(before, after PointToSite) []Difference {
	var d differences
	d.compare(FieldAddressPools, texts(before.AddressPools), texts(after.AddressPools))
	d.compare(FieldProtocols, sorted(texts(before.Protocols)), sorted(texts(after.Protocols)))
	d.compare(FieldAuthentication, sorted(texts(before.Authentication)), sorted(texts(after.Authentication)))
	old, now := value(before.Entra), value(after.Entra)
	d.one(FieldTenant, old.Tenant, now.Tenant)
	d.one(FieldAudience, old.Audience, now.Audience)
	d.one(FieldIssuer, old.Issuer, now.Issuer)
	d.compare(FieldRADIUS, texts(before.RADIUS), texts(after.RADIUS))
	d.compare(FieldRoots, sorted(texts(before.Roots)), sorted(texts(after.Roots)))
	d.compare(FieldRevoked, sorted(texts(before.Revoked)), sorted(texts(after.Revoked)))
	d.compare(FieldCustomRoutes, texts(before.CustomRoutes), texts(after.CustomRoutes))
	d.compare(FieldDNSServers, texts(before.DNSServers), texts(after.DNSServers))
	return d
}
