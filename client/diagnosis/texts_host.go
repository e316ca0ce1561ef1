package diagnosis

// The findings about the host that the user named.
const (
	HostOK          ID = "host-ok"
	HostAnswers     ID = "host-port-closed"
	HostNotNamed    ID = "host-not-named"
	HostMalformed   ID = "host-malformed"
	HostNotFound    ID = "host-name-not-found"
	HostNoAnswer    ID = "host-name-no-answer"
	HostOutside     ID = "host-outside-tunnel"
	HostOtherTunnel ID = "host-in-other-tunnel"
	HostLocal       ID = "host-in-local-network"
	HostPublic      ID = "host-public-address"
	HostUnreachable ID = "host-unreachable"
	HostNoRoute     ID = "host-no-route"
	HostNoTunnel    ID = "host-without-tunnel"
)

func hostTexts() []Text {
	return []Text{
		{HostOK, OK, "", "The host answers.", ""},
		{HostAnswers, Warning, Administrator, "The host answers, but nothing listens at the port.", "Check the port, and ask whoever runs the host whether the program runs there."},
		{HostNotNamed, Skipped, "", "No host was named to look for.", "Name one: footbridge diagnose PROFILE --host NAME."},
		{HostMalformed, Failed, User, "What was given is no host's name or address.", "Write it as name, name:port, address or [address]:port."},
		{HostNotFound, Failed, Administrator, "The host's name does not exist.", "Check the name. A name of the network behind the gateway needs a name server there: ask your administrator."},
		{HostNoAnswer, Failed, Network, "The name servers do not answer when they are asked for the host.", "Check the network and the tunnel's name servers."},
		{HostOutside, Failed, Administrator, "The host is not behind the gateway: its address is in none of the tunnel's routes.", "Ask your administrator to add the route on the gateway, or add it: footbridge set PROFILE include-routes=PREFIX."},
		{HostOtherTunnel, Failed, User, "Packets for the host go into another tunnel.", "Disconnect the other tunnel."},
		{HostLocal, Failed, User, "Packets for the host go into the network that you are in, which uses the same addresses.", "Use another network, or change the addresses in the router of this one."},
		{HostPublic, Failed, Administrator, "The host's name leads to a public address, although it is a service with a private link.", "The private zone is asked of a name server behind the gateway: ask your administrator to let the profile's DNS servers and suffixes cover it."},
		{HostUnreachable, Failed, Administrator, "Packets for the host go into the tunnel, but it does not answer. A route alone does not make a host reachable.", "Ask your administrator: a firewall or network security group may drop them, a peering may lack gateway transit, or a branch may have no way back (BGP)."},
		{HostNoRoute, Failed, Network, "There is no way to the host.", "Check the network, and the routes of the tunnel."},
		{HostNoTunnel, Failed, User, "The host does not answer, and no tunnel is connected.", "Connect first, and diagnose again."},
	}
}
