package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// azureProfile is a profile that Azure's formats can say.
func azureProfile(name string) string {
	return `<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">
  <any i:nil="true" /><clientauth><aad><audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience><cachesigninuser>true</cachesigninuser><issuer>https://sts.windows.net/72f988bf-0000-4000-8000-000000000000/</issuer>
  <tenant>https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000000/</tenant></aad><cert i:nil="true" /><type>aad</type><usernamepass i:nil="true" /></clientauth>
  <clientconfig i:nil="true" /><name>` + name + `</name><protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
  <serverlist><ServerEntry><displayname i:nil="true" /><fqdn>azuregateway-3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001-5c1d20aa7e01.vpn.azure.com</fqdn></ServerEntry></serverlist>
  <servervalidation><Cert><hash>DF3C24F9BFD666761B268073FE06D1CC8D4F82A4</hash><issuer i:nil="true" /></Cert><serversecret>` + strings.Repeat("0123456789abcdef", 32) + `</serversecret><type>cert</type></servervalidation><version>1</version></AzVpnProfile>`
}

// What goes to a device management comes back from it with what it is to do: connect by itself, but not in the office.
func TestManagedFormatsGoAround(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", u.file("contoso.xml", azureProfile("contoso"))).want(exitDone)
	u.run("set", "contoso", "autoconnect=true", "trusted-networks=office.contoso.com", "dns-suffixes=corp.contoso.com", "dns-servers=10.1.0.4").want(exitDone)
	for _, form := range []string{"mobileconfig", "vpnv2"} {
		file := filepath.Join(u.home, "managed."+form)
		r := u.run("export", "contoso", "--as", form, "--organization", "Contoso", "-o", file).want(exitDone)
		if strings.Contains(r.stdout+r.stderr, "settings are not in it") {
			t.Errorf("%s: %s", form, r.stderr)
		}
		other := newAccount(t, bob)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		other.run("import", other.file("managed."+form, string(data))).want(exitDone)
		shown := other.run("show", "contoso").want(exitDone).stdout
		for _, want := range []string{"office.contoso.com", "corp.contoso.com", "10.1.0.4"} {
			if !strings.Contains(shown, want) {
				t.Errorf("%s: %q is not in\n%s", form, want, shown)
			}
		}
		if out := other.run("import", filepath.Join(other.home, "managed."+form), "--force").want(exitDone).stdout; !strings.Contains(out, "already") {
			t.Errorf("%s a second time: %s", form, out)
		}
	}
	u.run("export", "contoso", "--as", "postcard").want(exitUsage)
}

// The profiles of Microsoft's retired client for Linux are taken over, once.
func TestImportFromOfficialClient(t *testing.T) {
	u := newAccount(t, alice)
	u.run("import", "--from-azure-vpn-client").want(exitNotFound)
	u.run("import", "--from-azure-vpn-client", "x.xml").want(exitUsage)
	folder := filepath.Join(u.home, ".config/microsoft-azurevpnclient/profiles")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	json := `{"server_name":"labs","fqdn":"azuregateway-3f8e2f5a-0d3c-4f4e-9a55-1b7c62f6a001-5c1d20aa7e01.vpn.azure.com","server_secret":"` + strings.Repeat("0123456789abcdef", 32) +
		`","auth_type":"cert","cert_hash":"DF3C24F9BFD666761B268073FE06D1CC8D4F82A4","cert_public_data_file_path":"/home/alice/user.pem","cert_private_key_file_path":"/home/alice/user.key","cert_passphrase":"hunter2"}`
	if err := os.WriteFile(filepath.Join(folder, "labs.json"), []byte(json), 0o644); err != nil {
		t.Fatal(err)
	}
	// The client keeps the same profile again among its notes, and notes that are no profiles.
	for name, content := range map[string]string{"shared_preferences.json": `{"flutter.profiles": [` + strconv.Quote(json) + `]}`, "profiles/window.json": `{"width": 800}`} {
		path := filepath.Join(u.home, ".local/share/microsoft-azurevpnclient", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(u.home, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, u.uid, u.uid))
	}); err != nil {
		t.Fatal(err)
	}
	if out := u.run("import", "--from-azure-vpn-client").want(exitDone).stdout; strings.Count(out, "labs") != 1 {
		t.Errorf("the same profile is told of more than once: %s", out)
	}
	if out := u.run("show", "labs").want(exitDone).stdout; !strings.Contains(out, "/home/alice/user.pem") || strings.Contains(out, "hunter2") {
		t.Errorf("the profile is\n%s", out)
	}
	if out := u.run("import", "--from-azure-vpn-client").want(exitDone).stdout; !strings.Contains(out, "already") {
		t.Errorf("a second time: %s", out)
	}
}
