package vpnv2

import (
	"html"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/footbridge-vpn/footbridge/profiles/azvpn"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// inside is the text between the tags of an AzVpnProfile.
var inside = `
  <any xmlns:d2p1="http://schemas.datacontract.org/2004/07/System.Xml" i:nil="true" />
  <clientauth><aad><audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience><issuer>https://sts.windows.net/72f988bf-0000-4000-8000-000000000000/</issuer>
    <tenant>https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000000/</tenant></aad><cert i:nil="true" /><type>aad</type><usernamepass i:nil="true" /></clientauth>
  <clientconfig i:nil="true" />
  <name>contoso &amp; sons</name>
  <protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
  <serverlist><ServerEntry><displayname i:nil="true" /><fqdn>azuregateway-3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001-5c1d20aa7e01.vpn.azure.com</fqdn></ServerEntry></serverlist>
  <servervalidation><Cert><hash>DF3C24F9BFD666761B268073FE06D1CC8D4F82A4</hash><issuer i:nil="true" /></Cert>
    <serversecret>` + strings.Repeat("0123456789abcdef", 32) + `</serversecret><type>cert</type></servervalidation>
  <version>1</version>
`

func document(configuration string) string {
	return `<VPNProfile>
  <!--<EdpModeId>corp.contoso.com</EdpModeId>-->
  <RememberCredentials>true</RememberCredentials>
  <AlwaysOn>true</AlwaysOn>
  <TrustedNetworkDetection>contoso.com,test.corp.contoso.com</TrustedNetworkDetection>
  <DeviceTunnel>false</DeviceTunnel>
  <RegisterDNS>false</RegisterDNS>
  <DomainNameInformation><DomainName>.corp.contoso.com</DomainName><DnsServers>10.1.0.4,10.1.0.5</DnsServers></DomainNameInformation>
  <Route><Address>10.20.0.0</Address><PrefixSize>16</PrefixSize></Route>
  <Route><Address>10.20.9.0</Address><PrefixSize>24</PrefixSize><ExclusionRoute>true</ExclusionRoute></Route>
  <PluginProfile>
    <ServerUrlList>azuregateway-3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001-5c1d20aa7e01.vpn.azure.com</ServerUrlList>
    <CustomConfiguration>` + configuration + `</CustomConfiguration>
    <PluginPackageFamilyName>Microsoft.AzureVpn_8wekyb3d8bbwe</PluginPackageFamilyName>
  </PluginProfile>
</VPNProfile>`
}

func syncML(data string) string {
	return `<SyncBody><Add><CmdID>1</CmdID><Item><Target><LocURI>./User/Vendor/MSFT/VPNv2/Contoso%20VPN/ProfileXML</LocURI></Target>
<Meta><Format xmlns="syncml:metinf">chr</Format></Meta><Data>` + data + `</Data></Item></Add></SyncBody>`
}

// Every way in which an Azure profile stands in a ProfileXML means the same.
func TestParse(t *testing.T) {
	whole := `<azvpnprofile xmlns:i="http://www.w3.org/2001/XMLSchema-instance">` + inside + `</azvpnprofile>`
	tests := []struct{ name, text, documentName string }{
		{"as Azure's page has it", document(whole), ""},
		{"only what is between the tags", document(inside), ""},
		{"without the namespace", document("<azvpnprofile>" + inside + "</azvpnprofile>"), ""},
		{"in CDATA", document("<![CDATA[" + whole + "]]>"), ""},
		{"escaped", document(html.EscapeString(whole)), ""},
		{"escaped twice", document(html.EscapeString(html.EscapeString(whole))), ""},
		{"in SyncML", syncML(document(whole)), "Contoso VPN"},
		{"in SyncML, CDATA", syncML("<![CDATA[" + document(whole) + "]]>"), "Contoso VPN"},
		{"in SyncML, escaped", syncML(html.EscapeString(document(whole))), "Contoso VPN"},
		{"with a declaration of another encoding", `<?xml version="1.0" encoding="utf-16"?>` + document(whole), ""},
	}
	for _, test := range tests {
		if !Is([]byte(test.text)) {
			t.Errorf("%s: not recognised", test.name)
		}
		d, findings := Parse([]byte(test.text))
		if d == nil || len(findings) != 0 {
			t.Errorf("%s: %v", test.name, findings)
			continue
		}
		profile, azureFindings := azvpn.Parse(d.AzureProfile)
		if profile == nil || finding.Faulty(azureFindings) {
			t.Errorf("%s: %v", test.name, azureFindings)
			continue
		}
		if profile.Name != "contoso & sons" || profile.Entra == nil || profile.ServerSecret == "" {
			t.Errorf("%s: %+v", test.name, profile)
		}
		d.AzureProfile = nil
		want := Document{Name: test.documentName, RememberCredentials: true, AlwaysOn: true, TrustedNetworks: []string{"contoso.com", "test.corp.contoso.com"},
			Servers: []string{"azuregateway-3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001-5c1d20aa7e01.vpn.azure.com"}, PackageFamilyName: PackageFamilyName,
			Routes: []Route{{netip.MustParsePrefix("10.20.0.0/16"), false}, {netip.MustParsePrefix("10.20.9.0/24"), true}},
			Names:  []NameRule{{"corp.contoso.com", []netip.Addr{netip.MustParseAddr("10.1.0.4"), netip.MustParseAddr("10.1.0.5")}}}}
		if diff := cmp.Diff(want, *d, compare); diff != "" {
			t.Errorf("%s:\n%s", test.name, diff)
		}
	}
}

var compare = cmp.Options{cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.EquateEmpty()}

func TestParseRefuses(t *testing.T) {
	tests := []struct{ text, code string }{
		{"<VPNProfile><PluginProfile>", "bad-xml"},
		{"<SyncBody><Add/></SyncBody>", "wrong-file"},
		{"<VPNProfile><NativeProfile><Servers>vpn.example</Servers></NativeProfile></VPNProfile>", "native-profile"},
		{strings.Replace(document(inside), "Microsoft.AzureVpn_8wekyb3d8bbwe", "Contoso.Other_abc", 1), "other-plugin"},
		{document(""), "no-azure-profile"},
		{document(`<azvpnprofile></azvpnprofile>`)[:900], "bad-xml"},
		{strings.Repeat(" ", MaxSize+1), "too-large"},
	}
	for _, test := range tests {
		_, findings := Parse([]byte(test.text))
		if !finding.Faulty(findings) || findings[len(findings)-1].Code != test.code {
			t.Errorf("%.60s: %v, want %s", test.text, findings, test.code)
		}
		for _, f := range findings {
			if strings.Contains(f.String(), "0123456789abcdef") {
				t.Error("a finding shows the secret")
			}
		}
	}
}

// What is written reads back as the same, has nothing nil and no namespace, and is for the official client.
func TestWriteReadsBack(t *testing.T) {
	first, findings := Parse([]byte(document(`<azvpnprofile xmlns:i="http://www.w3.org/2001/XMLSchema-instance">` + inside + `</azvpnprofile>`)))
	if len(findings) != 0 {
		t.Fatal(findings)
	}
	text, err := Write(*first)
	if err != nil {
		t.Fatal(err)
	}
	for _, trap := range []string{"nil", "xmlns", "&lt;"} {
		if strings.Contains(string(text), trap) {
			t.Errorf("%s in\n%s", trap, text)
		}
	}
	again, findings := Parse(text)
	if len(findings) != 0 {
		t.Fatal(findings)
	}
	one, _ := azvpn.Parse(first.AzureProfile)
	two, _ := azvpn.Parse(again.AzureProfile)
	if diff := cmp.Diff(one, two, compare); diff != "" {
		t.Error(diff)
	}
	first.AzureProfile, again.AzureProfile = nil, nil
	if diff := cmp.Diff(first, again, compare); diff != "" {
		t.Error(diff)
	}
	if _, err := Write(Document{AzureProfile: []byte("<azvpnprofile>")}); err == nil {
		t.Error("half an Azure profile is written")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(document(inside)))
	f.Add([]byte(syncML(html.EscapeString(document(inside)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, findings := Parse(data)
		if d == nil && !finding.Faulty(findings) {
			t.Fatal("neither a document nor a fault")
		}
		if d == nil || d.AzureProfile == nil {
			return
		}
		text, err := Write(*d)
		if err != nil {
			return
		}
		if again, findings := Parse(text); again == nil {
			t.Fatalf("what was written is not read: %v\n%s", findings, text)
		}
	})
}
