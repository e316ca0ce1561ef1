package diagnosis

// The findings about what is inside the tunnel.
const (
	PushOK        ID = "push-ok"
	PushUnknown   ID = "push-unknown"
	PushNone      ID = "push-none"
	PushRejected  ID = "push-rejected"
	PushNoRoutes  ID = "push-no-routes"
	PushNoAddress ID = "push-no-address"

	RoutesOK         ID = "routes-ok"
	RoutesUnknown    ID = "routes-unknown"
	RoutesLAN        ID = "routes-local-network"
	RoutesLANPart    ID = "routes-part-of-local-network"
	RoutesContainers ID = "routes-containers"
	RoutesTunnel     ID = "routes-other-tunnel"
	RoutesGone       ID = "routes-missing"
	RoutesForced     ID = "routes-forced-tunnelling"

	DNSOK          ID = "tunnel-dns-ok"
	DNSNone        ID = "tunnel-dns-none"
	DNSNotAsked    ID = "tunnel-dns-not-asked"
	DNSUnreachable ID = "tunnel-dns-unreachable"
	DNSAzureOnly   ID = "tunnel-dns-azure-only"
	DNSNotSet      ID = "tunnel-dns-not-set"
	DNSNotSplit    ID = "tunnel-dns-not-split"
	DNSOtherOwner  ID = "tunnel-dns-other-owner"
)

func tunnelTexts() []Text {
	return []Text{
		{PushOK, OK, "", "The gateway's configuration can be used.", ""},
		{PushUnknown, Skipped, "", "The gateway's configuration is not known without signing in.", ""},
		{PushNone, Failed, Administrator, "The gateway accepts the sign-in but sends no configuration.", "Try again; if it stays so, ask your administrator to reset the gateway."},
		{PushRejected, Failed, Administrator, "The gateway sends a configuration that cannot be used.", "Give your administrator a report: footbridge report."},
		{PushNoRoutes, Warning, Administrator, "Nothing is sent through the tunnel: neither the gateway nor the profile names a route.", "Ask your administrator for the routes, or add them: footbridge set PROFILE include-routes=PREFIX."},
		{PushNoAddress, Failed, Administrator, "The gateway gives this computer no address.", "Its address pool may be used up: tell your administrator."},

		{RoutesOK, OK, "", "Nothing else on this computer takes the tunnel's traffic.", ""},
		{RoutesUnknown, Skipped, "", "The routes of the tunnel are not known without signing in.", ""},
		{RoutesLAN, Failed, User, "The network that you are in uses the same addresses as the network behind the gateway.", "Use another network, or change the addresses in the router of this one (often done at home); otherwise ask your administrator for other addresses."},
		{RoutesLANPart, Warning, User, "The network that you are in uses some of the addresses that are behind the gateway; those cannot be reached through the tunnel.", "If a host that you need is among them, use another network, or change the addresses in the router of this one."},
		{RoutesContainers, Failed, User, "Containers or virtual machines on this computer use addresses that are behind the gateway.", "Give them other addresses: for Docker set bip and default-address-pools in /etc/docker/daemon.json, for libvirt edit its network."},
		{RoutesTunnel, Failed, User, "Another tunnel on this computer takes addresses that are behind the gateway.", "Disconnect the other tunnel, or take the addresses out of one of the two with exclude-routes."},
		{RoutesGone, Failed, User, "A route into the tunnel is missing on this computer.", "Connect again; another program, such as a second VPN, may have removed it."},
		{RoutesForced, Warning, Administrator, "All traffic goes into the tunnel. An Azure VNet gateway drops what is for the Internet.", "If web pages do not open while connected, ask your administrator to take 0.0.0.0/0 out of the routes."},

		{DNSOK, OK, "", "Names are resolved through the tunnel.", ""},
		{DNSNone, OK, "", "Neither the gateway nor the profile names a name server; names are resolved as without the tunnel.", ""},
		{DNSNotAsked, Skipped, "", "The tunnel's name servers are not asked while it is not connected.", ""},
		{DNSUnreachable, Failed, Administrator, "The name servers behind the gateway do not answer through the tunnel.", "Ask your administrator whether they run, and whether their network lets the VPN's addresses in."},
		{DNSAzureOnly, Failed, Administrator, "The name server 168.63.129.16 can only be used inside Azure, not through a point-to-site tunnel.", "Ask your administrator for a DNS Private Resolver or a forwarder in the VNet, and name that one instead."},
		{DNSNotSet, Failed, User, "This computer does not ask the tunnel's name servers.", "Connect again; another program, such as a second VPN, may have changed name resolution."},
		{DNSNotSplit, Warning, User, "This computer cannot divide names: the tunnel's name servers are asked for all of them.", "Use systemd-resolved, which can."},
		{DNSOtherOwner, Warning, User, "Another tunnel on this computer also wants to resolve names.", "If names are not found, disconnect the other tunnel, or give each its own DNS suffixes."},
	}
}
