package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// azureDeed is a command for one gateway, and the action that it takes besides reading it.
type azureDeed struct {
	arguments []string
	action    string
}

// deeds are all commands for a kind of gateway.
func (a *administrator) deeds(id, profile string) []azureDeed {
	kind, disconnect, sessions := "Microsoft.Network/virtualNetworkGateways/", "disconnectVirtualNetworkGatewayVpnConnections/action", "getVpnClientConnectionHealth/action"
	if id == a.hub {
		kind, disconnect, sessions = "Microsoft.Network/p2svpnGateways/", "disconnectP2sVpnConnections/action", "getP2sVpnConnectionHealth/action"
	}
	return []azureDeed{
		{[]string{"p2s", "show", id}, kind + "read"},
		{[]string{"profile", id, "--auth", "entra", "-o", "fetched.zip", "--force"}, kind + "generatevpnprofile/action"},
		{[]string{"check", profile, "--gateway", id}, kind + "generatevpnprofile/action"},
		{[]string{"sessions", id}, kind + sessions},
		{[]string{"disconnect", id, "OVPN_1", "--yes"}, kind + disconnect},
		{[]string{"p2s", "set", id, "--address-pool", "172.31.0.0/24", "--yes"}, kind + "write"},
	}
}

// Every command for either kind of gateway gets over what passes, and ends with the exit code and the words for what does not.
func TestAzureCommandsWithEveryFault(t *testing.T) {
	a := newAdministrator(t)
	for _, id := range []string{a.network, a.hub} {
		profile := map[string]string{a.network: "Network", a.hub: "Hub"}[id]
		a.run("profile", id, "--auth", "entra", "--import", "--name", profile).want(exitDone)
		for _, d := range a.deeds(id, profile) {
			refused := func(code int, words ...string) {
				t.Helper()
				r := a.run(d.arguments...).want(code)
				for _, word := range words {
					if !strings.Contains(strings.ToLower(r.stderr), strings.ToLower(word)) {
						t.Errorf("%q: %q is not in\n%s", d.arguments, word, r.stderr)
					}
				}
				var line failureLine
				a.run(append(slices.Clone(d.arguments), "--json")...).want(code).into(&line)
				if line.Problem.Code == "" || line.Problem.Sentence == "" || line.Problem.Remedy == "" {
					t.Errorf("%q: %+v", d.arguments, line.Problem)
				}
			}
			a.azure.Expire(true)
			refused(exitSignIn, "az login")
			a.azure.Expire(false)
			a.azure.Forbid(d.action)
			refused(exitPermission, d.action, "Network Contributor")
			a.azure.Forbid()
			a.azure.Throttle(10_000, time.Millisecond)
			refused(exitUnreachable, "too many requests")
			a.azure.Unavailable(10_000)
			a.azure.Throttle(0, 0)
			refused(exitUnreachable)
			a.azure.Unavailable(2)
			a.azure.Throttle(2, time.Millisecond)
			a.azure.FailDownloads(1)
			a.run(d.arguments...).want(exitDone)
			a.azure.FailDownloads(0)
		}
	}
}
