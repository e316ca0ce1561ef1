package client

import (
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// foreignProfile signs its users in at a server that is not Microsoft's.
func foreignProfile(t *testing.T) *profiles.Profile {
	t.Helper()
	text := `<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/"><any i:nil="true" />
		<clientauth><aad><audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience><issuer>https://login.contoso.example/tenant/</issuer>
		<tenant>https://login.contoso.example/tenant/</tenant></aad><cert i:nil="true" /><type>aad</type><usernamepass i:nil="true" /></clientauth>
		<clientconfig i:nil="true" /><name>contoso</name><protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
		<serverlist><ServerEntry><displayname i:nil="true" /><fqdn>vpn.contoso.example</fqdn></ServerEntry></serverlist>
		<servervalidation><Cert><hash>DF3C24F9BFD666761B268073FE06D1CC8D4F82A4</hash><issuer i:nil="true" /></Cert><serversecret>` + strings.Repeat("0123456789abcdef", 32) +
		`</serversecret><type>cert</type></servervalidation><version>1</version></AzVpnProfile>`
	imported, err := profiles.Import(strings.NewReader(text), profiles.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return imported.Profiles[0]
}

// A server that is not Microsoft's is signed in at only where the user confirmed it, or an administrator installed the profile; what the user
// confirmed is no business of the service.
func TestTrustedSignInServer(t *testing.T) {
	for server, want := range map[string]bool{"": false, "login.contoso.example": true, "login.fabrikam.example": false} {
		entry := store.Entry{Name: "Contoso", Profile: foreignProfile(t), Settings: settings.Settings{SignInServer: server}}
		prepared, err := Prepare(t.Context(), entry, Wish{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if prepared.Secrets.TrustAuthority != want || prepared.Request.Settings.SignInServer != "" {
			t.Errorf("%q: trusted %v, the service is told %q", server, prepared.Secrets.TrustAuthority, prepared.Request.Settings.SignInServer)
		}
		request, err := entraRequest(Connection{Name: "Contoso", Authentication: profiles.EntraID, Entry: &entry, Settings: entry.Settings})
		if err != nil || request.TrustAuthority != want {
			t.Errorf("%q: trusted %v, %v", server, request.TrustAuthority, err)
		}
	}
	machine := api.MachineProfile{Name: "Contoso", Authentication: profiles.EntraID, Entra: &api.Entra{Audience: "gateway", Tenant: "https://login.contoso.example/tenant/"}}
	prepared, err := PrepareMachine(t.Context(), machine, Wish{}, nil)
	if err != nil || !prepared.Secrets.TrustAuthority {
		t.Errorf("an administrator's profile: %v", err)
	}
}
