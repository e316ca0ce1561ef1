package azvpn

import (
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/finding"
)

// What the official clients keep is read without what is only theirs: sign-ins and passphrases.
func TestLinuxClientKeepsNoSecretsOfSignIns(t *testing.T) {
	data := []byte(`[{"server_name":"labs","fqdn":"gateway.example","server_secret":"` + strings.Repeat("ab", 256) + `","auth_type":"cert",
		"cert_public_data_file_path":"/home/alice/user.pem","cert_private_key_file_path":"/home/alice/user.key","cert_passphrase":"hunter2","msal_cache":"hunter2"}]`)
	if !IsLinuxClient(data) {
		t.Error("not recognised")
	}
	found, findings := ParseLinuxClient(data)
	if len(found) != 1 || len(findings) != 0 || found[0].CertificateFile != "/home/alice/user.pem" || found[0].KeyFile != "/home/alice/user.key" || found[0].Type != Certificate {
		t.Fatalf("%v %v", found, findings)
	}
	bad := []byte(strings.Replace(string(data), "abab", "zz", 1))
	if found, findings := ParseLinuxClient(bad); len(found) != 0 || !finding.Faulty(findings) || strings.Contains(findings[0].String(), "abab") {
		t.Errorf("%v %v", found, findings)
	}
}

func FuzzParsePhoneBook(f *testing.F) {
	f.Add([]byte("[Contoso]\r\nVpnStrategy=0\r\nThirdPartyProfileInfo=3C0061007A00760070006E00700072006F00660069006C0065003E00\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if kept, findings := ParsePhoneBook(data); len(kept) == 0 && !finding.Faulty(findings) {
			t.Fatal("neither a profile nor a fault")
		}
	})
}

func FuzzParseLinuxClient(f *testing.F) {
	f.Add([]byte(`{"p":["{\"fqdn\":\"g\",\"server_secret\":\"00\"}"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if found, findings := ParseLinuxClient(data); len(found) == 0 && !finding.Faulty(findings) {
			t.Fatal("neither a profile nor a fault")
		}
	})
}
