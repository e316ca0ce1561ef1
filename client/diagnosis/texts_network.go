package diagnosis

// The findings about the way to the gateway.
const (
	NetworkOK        ID = "network-ok"
	NetworkDown      ID = "network-down"
	NetworkNoDefault ID = "network-no-default-route"
	NetworkUnknown   ID = "network-unknown"

	InternetOK          ID = "internet-ok"
	InternetUnreachable ID = "internet-unreachable"
	InternetUnresolved  ID = "internet-names-not-found"
	InternetUnknown     ID = "internet-unknown"

	PortalNone    ID = "portal-none"
	PortalFound   ID = "portal-found"
	PortalUnknown ID = "portal-unknown"

	ClockOK      ID = "clock-ok"
	ClockWrong   ID = "clock-wrong"
	ClockNotKept ID = "clock-not-synchronised"
	ClockUnknown ID = "clock-unknown"

	ProxyNone          ID = "proxy-none"
	ProxyOK            ID = "proxy-ok"
	ProxyUnusable      ID = "proxy-address-wrong"
	ProxyNotUsed       ID = "proxy-not-used"
	ProxyNameNotFound  ID = "proxy-name-not-found"
	ProxyUnreachable   ID = "proxy-unreachable"
	ProxyNeedsSignIn   ID = "proxy-needs-sign-in"
	ProxyRefusedSignIn ID = "proxy-refused-sign-in"
	ProxyForbids       ID = "proxy-forbids"
	ProxyCannotReach   ID = "proxy-cannot-reach-gateway"
	ProxyIsNone        ID = "not-a-proxy"

	NamesOK        ID = "names-ok"
	NamesNotNeeded ID = "names-not-needed"
	NamesByProxy   ID = "names-by-proxy"
	NamesNotFound  ID = "names-not-found"
	NamesNoAnswer  ID = "names-no-answer"
	NamesDiffer    ID = "names-differ"
	NamesFalse     ID = "names-false-address"
	NamesIPv6Only  ID = "names-ipv6-only"

	ReachOK        ID = "reach-ok"
	ReachByProxy   ID = "reach-by-proxy"
	ReachNotTested ID = "reach-udp"
	ReachSome      ID = "reach-some"
	ReachRefused   ID = "reach-refused"
	ReachFiltered  ID = "reach-filtered"
	ReachNoRoute   ID = "reach-no-route"
	ReachByTunnel  ID = "reach-connected"
)

func networkTexts() []Text {
	const mayBePort = "Try another network, such as a phone's; if it works there, ask whoever runs this one to allow the gateway's name and port."
	return []Text{
		{NetworkOK, OK, "", "This computer is in a network.", ""},
		{NetworkDown, Failed, User, "This computer is in no network.", "Plug in a cable or join a wireless network."},
		{NetworkNoDefault, Warning, Network, "This computer has no way out of its own network (no default route).", "Join the network again; if that does not help, ask whoever runs it."},
		{NetworkUnknown, Unknown, "", "This computer's network could not be read.", ""},

		{InternetOK, OK, "", "The Internet answers.", ""},
		{InternetUnreachable, Warning, Network, "The Internet does not answer.", "Check the network that this computer is in, and whether it leads to the Internet."},
		{InternetUnresolved, Warning, Network, "The name servers of this network know no name on the Internet.", "Check the network, and the name servers that are set on this computer; ask whoever runs the network."},
		{InternetUnknown, Skipped, "", "The Internet was not asked.", ""},

		{PortalNone, OK, "", "No sign-in page of the network is in the way.", ""},
		{PortalFound, Failed, User, "A sign-in page of the network that you are in stands before the Internet.", "Open any http:// page in a browser, sign in to the network there, and connect again."},
		{PortalUnknown, Skipped, "", "Whether the network has a sign-in page is not known, because the Internet did not answer.", ""},

		{ClockOK, OK, "", "This computer's clock is right.", ""},
		{ClockWrong, Failed, User, "This computer's clock is wrong.", "Set date, time and time zone, best automatically: sudo timedatectl set-ntp true."},
		{ClockNotKept, Warning, User, "This computer's clock is not set automatically.", "Let it be: sudo timedatectl set-ntp true."},
		{ClockUnknown, Unknown, "", "Whether this computer's clock is right could not be found out.", ""},

		{ProxyNone, OK, "", "No proxy is used.", ""},
		{ProxyOK, OK, "", "The proxy leads to the gateway.", ""},
		{ProxyUnusable, Warning, User, "The proxy that the environment names cannot be used.", "Write it as http://host:port or socks5://host:port."},
		{ProxyNotUsed, Warning, User, "The environment names a proxy, but this connection does not use it.", "If this network needs the proxy, set it for the connection: footbridge set PROFILE proxy=http://host:port."},
		{ProxyNameNotFound, Failed, User, "The proxy's name could not be resolved.", "Check the proxy's name, and that you are in the network where the proxy is; elsewhere connect without it."},
		{ProxyUnreachable, Failed, User, "The proxy cannot be reached.", "Check the proxy's address and port, or connect without it."},
		{ProxyNeedsSignIn, Failed, User, "The proxy wants a user name and password.", "Set them with the proxy: footbridge set PROFILE proxy=http://user:password@host:port."},
		{ProxyRefusedSignIn, Failed, User, "The proxy does not accept the user name and password.", "Check the proxy's user name and password in the profile's settings."},
		{ProxyForbids, Failed, Network, "The proxy does not allow connections to the gateway.", "Ask whoever runs the proxy to allow CONNECT to the gateway's name and port."},
		{ProxyCannotReach, Failed, Network, "The proxy cannot reach the gateway.", "Ask whoever runs the proxy why; the gateway itself may be off."},
		{ProxyIsNone, Failed, User, "What answers at the proxy's address is no proxy of this kind.", "Check the proxy's address, port and type (http or socks5)."},

		{NamesOK, OK, "", "The gateway's name has an address.", ""},
		{NamesNotNeeded, OK, "", "The profile names the gateway by its address.", ""},
		{NamesByProxy, Skipped, "", "The proxy resolves the gateway's name.", ""},
		{NamesNotFound, Failed, Administrator, "The gateway's name does not exist.", "The gateway may have been removed or replaced: download and import its profile again, or ask your administrator."},
		{NamesNoAnswer, Failed, Network, "This computer's name servers do not answer.", "Check the network, and the name servers that are set on this computer."},
		{NamesDiffer, Failed, Network, "This computer's name servers disagree: one of them does not know the gateway's name.", "Remove the name server that does not know it, or ask whoever runs it."},
		{NamesFalse, Failed, Network, "The name server answers with an address that cannot be the gateway's.", "Something in this network filters names; use another name server or network, or ask whoever runs this one. Look into /etc/hosts too."},
		{NamesIPv6Only, Failed, Network, "The gateway's name has IPv6 addresses only, and this network has no IPv6.", "Use a network with IPv6, or ask whoever runs this one; Azure's gateways have IPv4 addresses, so its name server may hide them."},

		{ReachOK, OK, "", "The gateway's port answers.", ""},
		{ReachByTunnel, OK, "", "The running connection shows that the gateway can be reached.", ""},
		{ReachByProxy, Skipped, "", "The gateway is reached through the proxy.", ""},
		{ReachNotTested, Skipped, "", "Over UDP, only an answer to OpenVPN shows that the gateway can be reached.", ""},
		{ReachSome, Warning, Administrator, "Not every server of the gateway can be reached.", "Another one is used; tell your administrator if it stays so."},
		{ReachRefused, Failed, Administrator, "The gateway's computer answers, but nothing listens at its port.", "Check that the gateway runs, and that the profile names the right server and port."},
		{ReachFiltered, Failed, Network, "The gateway does not answer at its port: a firewall drops what is sent there, or the gateway is off.", mayBePort},
		{ReachNoRoute, Failed, Network, "There is no way from this network to the gateway.", mayBePort},
	}
}
