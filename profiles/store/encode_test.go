package store

import (
	"bytes"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// A profile that came in a ZIP, with roots beside it, arrives whole in another program; nothing else does.
func TestEncodeDecode(t *testing.T) {
	for name, p := range encodable(t) {
		file, completion, err := Encode(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back, err := Decode(file, completion)
		if err != nil || digest(back) != digest(p) {
			t.Errorf("%s: %v", name, err)
		}
		for what, bad := range map[string][]byte{"cut": completion[:len(completion)/2], "unknown": bytes.Replace(completion, []byte(`"sha256"`), []byte(`"sha512"`), 1),
			"of another": bytes.Replace(completion, []byte(`"sha256":"`), []byte(`"sha256":"0`), 1)} {
			if len(completion) == 0 || len(bad) == 0 {
				continue
			}
			if _, err := Decode(file, bad); err == nil {
				t.Errorf("%s: a completion that is %s is taken", name, what)
			}
		}
	}
}

// encodable are a profile that its file says whole, and one with a root and a name beside it.
func encodable(t *testing.T) map[string]*profiles.Profile {
	t.Helper()
	imported, err := profiles.Import(bytes.NewReader(azureFile("vnet", "gateway.example")), profiles.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	root, err := certificate.Parse([]byte(testRoot(t)))
	if err != nil {
		t.Fatal(err)
	}
	completed := *imported.Profiles[0]
	completed.Gateway.Roots = root
	completed.Gateway.Name = profiles.NameRule{Type: profiles.NameExact, Value: "gateway.example"}
	return map[string]*profiles.Profile{"plain": imported.Profiles[0], "completed": &completed}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("client\ndev tun\nremote gateway.example 443\n"), []byte(`{"sha256":""}`))
	f.Fuzz(func(t *testing.T, file, completion []byte) {
		if p, err := Decode(file, completion); err == nil {
			if _, _, err := Encode(p); err != nil {
				t.Logf("read, but not written again: %v", err)
			}
		}
	})
}
