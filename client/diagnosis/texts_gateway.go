package diagnosis

// The findings about the gateway.
const (
	OpenVPNOK        ID = "openvpn-ok"
	OpenVPNUndecided ID = "openvpn-unanswered"
	OpenVPNOther     ID = "openvpn-other-protocol"
	OpenVPNWebServer ID = "openvpn-web-server"
	OpenVPNSilent    ID = "openvpn-silent"
	OpenVPNClosed    ID = "openvpn-closed"
	GatewayNotAsked  ID = "gateway-not-asked"
	GatewayByTunnel  ID = "gateway-connected"

	SecretOK      ID = "secret-ok"
	SecretNone    ID = "secret-none"
	SecretBroken  ID = "secret-broken"
	SecretRefused ID = "secret-refused"
	SecretSilence ID = "secret-met-with-silence"

	TLSOK      ID = "tls-ok"
	TLSVersion ID = "tls-version"
	TLSStalled ID = "tls-stalled"
	TLSReset   ID = "tls-reset"
	TLSFailed  ID = "tls-failed"

	GatewayOK          ID = "gateway-ok"
	GatewayOldRoot     ID = "gateway-root-renewed"
	GatewayUntrusted   ID = "gateway-not-trusted"
	GatewayRootMissing ID = "gateway-root-missing"
	GatewayWrongName   ID = "gateway-wrong-name"
	GatewayWrongUsage  ID = "gateway-not-a-server"
	GatewayExpired     ID = "gateway-certificate-expired"
	GatewayNotYet      ID = "gateway-certificate-not-yet-valid"
	GatewayRevoked     ID = "gateway-certificate-revoked"
	GatewayEndsSoon    ID = "gateway-certificate-ends-soon"
	ProfileOldRoot     ID = "profile-root-retiring"
)

func gatewayTexts() []Text {
	const importAgain = "Download the profile from Azure (or ask your administrator for it) and import it again."
	const doNotConnect = "Do not connect on this network; try another one, and ask your administrator."
	return []Text{
		{GatewayNotAsked, Skipped, "", "The gateway was not asked.", ""},
		{GatewayByTunnel, OK, "", "The running connection shows that this is in order.", ""},

		{OpenVPNOK, OK, "", "The gateway answers in the OpenVPN protocol.", ""},
		{OpenVPNUndecided, Unknown, "", "The gateway does not answer this profile's first packet.", ""},
		{OpenVPNOther, Failed, Administrator, "What answers at the gateway's address does not speak the OpenVPN protocol.", "Check the server name and port in the profile; on a guest network, sign in to the network first."},
		{OpenVPNWebServer, Failed, Network, "A web server answers at the gateway's address, not the gateway.", "Check the server name in the profile; if it is right, this network diverts the connection: try another one."},
		{OpenVPNSilent, Failed, Network, "The gateway does not answer in the OpenVPN protocol.", "Check the network and the server's port; a firewall may let the connection begin and drop the rest."},
		{OpenVPNClosed, Failed, Administrator, "The server closes the connection at the first packet.", "Check the server name and port in the profile."},

		{SecretOK, OK, "", "The gateway accepts the profile's secret.", ""},
		{SecretNone, OK, "", "The profile has no secret for the gateway.", ""},
		{SecretBroken, Failed, Administrator, "The profile's secret is damaged.", importAgain},
		{SecretRefused, Failed, Administrator, "The gateway closes the connection at the first packet: the profile's secret is wrong or out of date.", importAgain},
		{SecretSilence, Failed, Administrator, "The gateway's port is open but it does not answer: the profile's secret is wrong or out of date, or a firewall drops the packets.", importAgain + " If that does not help, try another network."},

		{TLSOK, OK, "", "The connection to the gateway can be secured.", ""},
		{TLSVersion, Failed, Administrator, "The gateway and this computer have no version of TLS in common.", "Ask your administrator to let the gateway use TLS 1.2 or 1.3, and check tls-version-min in the profile."},
		{TLSStalled, Failed, Network, "The gateway stops answering while the connection is secured: large packets probably get lost on the way.", "Try another network, or a smaller MTU on this one: sudo ip link set dev INTERFACE mtu 1400."},
		{TLSReset, Failed, Administrator, "The gateway closes the connection while it is secured.", "Try again and on another network; if it stays so, give your administrator a report: footbridge report."},
		{TLSFailed, Failed, Administrator, "The connection to the gateway cannot be secured.", "Give your administrator a report: footbridge report."},

		{GatewayOK, OK, "", "The gateway is the profile's.", ""},
		{GatewayOldRoot, Failed, Administrator, "Azure has renewed the root of the gateway's certificate, and this profile knows only the old one.", "Download and import the profile again; your administrator can hand it to everybody."},
		{GatewayUntrusted, Failed, Administrator, "The gateway's certificate does not lead to a root that the profile trusts.", "If the gateway was replaced or renewed, download and import the profile again. Otherwise do not connect on this network."},
		{GatewayRootMissing, Failed, User, "The root certificate that the profile names is not on this computer.", "Install the usual root certificates: sudo apt-get install ca-certificates."},
		{GatewayWrongName, Failed, Administrator, "The gateway's certificate is for another name.", "Check the server name in the profile. If it is right: " + doNotConnect},
		{GatewayWrongUsage, Failed, Administrator, "The gateway's certificate is not a server's.", doNotConnect},
		{GatewayExpired, Failed, Administrator, "The gateway's certificate has expired.", "Check this computer's date and time; if they are right, tell your administrator."},
		{GatewayNotYet, Failed, User, "The gateway's certificate is not valid yet: this computer's clock is probably behind.", "Check this computer's date and time; if they are right, tell your administrator."},
		{GatewayRevoked, Failed, Administrator, "The gateway's certificate was revoked, or the profile's revocation list is too old.", "Download and import the profile again, and tell your administrator."},
		{GatewayEndsSoon, Warning, Administrator, "The gateway's certificate ends soon.", "Azure renews it by itself; for a gateway of your own, tell your administrator."},
		{ProfileOldRoot, Warning, Administrator, "The profile trusts only a root that Azure's gateways are leaving.", "Download and import the profile again before the gateway changes."},
	}
}
