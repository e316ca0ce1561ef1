package editor

import (
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

const (
	oldTenant = "https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555/"
	azureVPN  = "c632b3df-fb67-4d84-bdcf-b95ad541b5c8"
)

func TestTenantAndAudience(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, azureFile("Contoso", "aad", certificate.Thumbprint(root)), root)
	d := draftOf(t, into)
	if d.Method() != profiles.EntraID || d.Tenant() != oldTenant || d.Audience() != azureVPN {
		t.Fatalf("%s %s %s", d.Method(), d.Tenant(), d.Audience())
	}
	for _, wrong := range []string{"", "contoso", "http://login.microsoftonline.com/x/", "https://login.microsoftonline.com/", "https://alice:pw@login.microsoftonline.com/x"} {
		if d.SetTenant(wrong); d.Wrong(tenantKey) == "" {
			t.Errorf("the tenant %q is taken", wrong)
		}
	}
	for _, wrong := range []string{"", "two words", strings.Repeat("a", 300)} {
		if d.SetAudience(wrong); d.Wrong(audienceKey) == "" {
			t.Errorf("the audience %q is taken", wrong)
		}
	}
	d.SetTenant(" AAAAAAAA-2222-4333-8444-555555555555 ")
	d.SetAudience("api://my-app")
	profile, file := saved(t, d, into)
	entra := profile.Authentication.Entra
	if entra.Tenant != "https://login.microsoftonline.com/aaaaaaaa-2222-4333-8444-555555555555/" || entra.Issuer != "https://sts.windows.net/aaaaaaaa-2222-4333-8444-555555555555/" ||
		entra.Audience != "api://my-app" || !strings.Contains(file, "futureelement") {
		t.Errorf("%+v", entra)
	}
}

func TestMethods(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	for _, test := range []struct{ from, to profiles.AuthenticationType }{
		{profiles.Certificate, profiles.UsernamePassword}, {profiles.Certificate, profiles.EntraID}, {profiles.EntraID, profiles.Certificate},
		{profiles.EntraID, profiles.UsernamePassword}, {profiles.UsernamePassword, profiles.Certificate},
	} {
		into := kept(t, azureFile("Contoso", string(test.from), certificate.Thumbprint(root)), root)
		d := draftOf(t, into)
		d.SetMethod(test.to)
		if test.to == profiles.EntraID {
			if d.Valid() {
				t.Error("no tenant, and it is valid")
			}
			d.SetTenant(oldTenant)
			d.SetAudience(azureVPN)
		}
		profile, _ := saved(t, d, into)
		auth := profile.Authentication
		if auth.Type != test.to || (auth.Entra != nil) != (test.to == profiles.EntraID) || auth.AuthUserPass {
			t.Errorf("%s to %s: %+v", test.from, test.to, auth)
		}
		if auth.Entra != nil && auth.Entra.Issuer != "https://sts.windows.net/11111111-2222-4333-8444-555555555555/" {
			t.Errorf("%+v", auth.Entra)
		}
		d = draftOf(t, into) // and back again is no change
		if d.SetMethod(test.from); !d.changesAuthentication() {
			t.Errorf("%s: nothing is changed", test.from)
		}
		if d.SetMethod(test.to); d.changesAuthentication() || d.Changed() {
			t.Errorf("%s: there and back is a change", test.to)
		}
	}
}

// A file of OpenVPN's can say less than Azure's.
func TestMethodsOfOpenVPN(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, openVPNFile("auth-user-pass", root))
	d := draftOf(t, into)
	d.SetMethod(profiles.EntraID)
	d.SetTenant(oldTenant)
	d.SetAudience(azureVPN)
	if d.Valid() || d.Wrong(profileKey) != "A profile of this kind cannot hold that." {
		t.Errorf("it is taken: %q", d.wrong)
	}
	d.SetMethod(profiles.Certificate)
	profile, file := saved(t, d, into)
	if profile.Authentication.Type != profiles.Certificate || profile.Authentication.AuthUserPass || strings.Contains(file, "auth-user-pass") || !strings.Contains(file, "future-option") {
		t.Errorf("%+v\n%s", profile.Authentication, file)
	}
	d = draftOf(t, into)
	d.SetMethod(profiles.UsernamePassword)
	if profile, _ = saved(t, d, into); profile.Authentication.Type != profiles.UsernamePassword {
		t.Errorf("%+v", profile.Authentication)
	}
}

// A certificate that is in the profile is not thrown away.
func TestMethodWithACertificateInside(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	into := kept(t, openVPNFile("<cert>\n"+string(inPEM(root))+"</cert>\n<key>\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n</key>", root))
	d := draftOf(t, into)
	if d.SetMethod(profiles.UsernamePassword); d.Valid() {
		t.Error("its key would be lost")
	}
}

func TestRelevant(t *testing.T) {
	root := rootOf(t, "Old Root", 1)
	d := draftOf(t, kept(t, azureFile("Contoso", "cert", certificate.Thumbprint(root)), root))
	if !d.Relevant("pkcs12") || d.Relevant("username") || d.Relevant("login-hint") || !d.Relevant("mtu") {
		t.Error("certificate")
	}
	d.SetMethod(profiles.UsernamePassword)
	if d.Relevant("pkcs12") || !d.Relevant("username") || !d.Relevant("remember-password") {
		t.Error("password")
	}
	if d.Set("pkcs12", "alice.pfx"); !d.Relevant("pkcs12") {
		t.Error("what is wrong is out of sight")
	}
	d.SetMethod(profiles.EntraID)
	if !d.Relevant("sign-in") || d.Relevant("username") {
		t.Error("Entra ID")
	}
	both := draftOf(t, kept(t, openVPNFile("auth-user-pass\nsetenv CLIENT_CERT 1\n<cert>\n"+string(inPEM(root))+"</cert>\n<key>\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n</key>", root)))
	if !both.Relevant("username") || !both.Relevant("pkcs12") {
		t.Error("a certificate and a password")
	}
}
