package arm

import (
	"net/http"
	"strings"
)

// route is what a request is about.
type route struct {
	subscription string
	group        string
	kind         string // of resource, as in its id: "virtualNetworkGateways"
	name         string
	verb         string // what is done beyond reading and writing, in lower case
	api          string // the SDK's method
	action       string // that a role has to have
	scope        string
}

// routeOf reads a path of the resource provider for networks.
func routeOf(request *http.Request) (route, bool) {
	parts := strings.Split(strings.Trim(request.URL.Path, "/"), "/")
	var r route
	if len(parts) >= 2 && strings.EqualFold(parts[0], "subscriptions") {
		r.subscription, parts = parts[1], parts[2:]
		r.scope = "/subscriptions/" + r.subscription
	}
	if len(parts) >= 2 && strings.EqualFold(parts[0], "resourceGroups") {
		r.group, parts = parts[1], parts[2:]
		r.scope += "/resourceGroups/" + r.group
	}
	if len(parts) < 3 || !strings.EqualFold(parts[0], "providers") || !strings.EqualFold(parts[1], "Microsoft.Network") {
		return r, false
	}
	r.kind, parts = parts[2], parts[3:]
	if len(parts) > 0 {
		r.name, parts = parts[0], parts[1:]
		r.scope += "/providers/Microsoft.Network/" + r.kind + "/" + r.name
	}
	r.action = "Microsoft.Network/" + r.kind + map[string]string{http.MethodGet: "/read", http.MethodPut: "/write"}[request.Method]
	if len(parts) > 0 {
		r.verb = strings.ToLower(parts[0])
		r.action = "Microsoft.Network/" + r.kind + "/" + parts[0] + "/action"
	}
	r.api = r.method(request.Method)
	return r, r.api != ""
}

// clients are the SDK's, by the kind of resource.
func clients() map[string]string {
	return map[string]string{
		"virtualnetworkgateways": "VirtualNetworkGatewaysClient", "p2svpngateways": "P2SVPNGatewaysClient",
		"vpnserverconfigurations": "VPNServerConfigurationsClient", "virtualhubs": "VirtualHubsClient", "virtualwans": "ManagementClient",
	}
}

// verbs are the SDK's methods for what is posted.
func verbs() map[string]string {
	return map[string]string{
		"virtualnetworkgateways/generatevpnprofile":                            "BeginGenerateVPNProfile",
		"virtualnetworkgateways/getvpnprofilepackageurl":                       "BeginGetVPNProfilePackageURL",
		"virtualnetworkgateways/getvpnclientconnectionhealth":                  "BeginGetVpnclientConnectionHealth",
		"virtualnetworkgateways/disconnectvirtualnetworkgatewayvpnconnections": "BeginDisconnectVirtualNetworkGatewayVPNConnections",
		"virtualnetworkgateways/listradiussecrets":                             "ListRadiusSecrets",
		"p2svpngateways/generatevpnprofile":                                    "BeginGenerateVPNProfile",
		"p2svpngateways/getp2svpnconnectionhealth":                             "BeginGetP2SVPNConnectionHealth",
		"p2svpngateways/getp2svpnconnectionhealthdetailed":                     "BeginGetP2SVPNConnectionHealthDetailed",
		"p2svpngateways/disconnectp2svpnconnections":                           "BeginDisconnectP2SVPNConnections",
		"vpnserverconfigurations/listradiussecrets":                            "ListRadiusSecrets",
		"virtualwans/generatevpnprofile":                                       "BeginGeneratevirtualwanvpnserverconfigurationvpnprofile",
	}
}

func (r route) method(verb string) string {
	kind := strings.ToLower(r.kind)
	client := clients()[kind]
	switch {
	case client == "":
		return ""
	case r.verb != "":
		if method := verbs()[kind+"/"+r.verb]; method != "" && verb == http.MethodPost {
			return client + "." + method
		}
		return ""
	case verb == http.MethodPut && r.name != "":
		return client + ".BeginCreateOrUpdate"
	case verb == http.MethodGet && r.name != "":
		return client + ".Get"
	case verb == http.MethodGet && kind == "virtualnetworkgateways" && r.group != "", verb == http.MethodGet && kind != "virtualnetworkgateways" && r.group == "":
		return client + ".NewListPager"
	case verb == http.MethodGet && r.group != "":
		return client + ".NewListByResourceGroupPager"
	}
	return ""
}

func (r route) isOperation() bool { return strings.Contains(r.api, ".Begin") }
func (r route) isList() bool      { return strings.HasSuffix(r.api, "Pager") }
