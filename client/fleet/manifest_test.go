package fleet

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exampleManifest = `{"format": 1, "serial": 7, "expires": "2027-01-01T00:00:00Z",
 "profiles": [{"url": "west.xml", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "name": "West"}],
 "policy": {"url": "https://other.example/policy.toml", "sha256": "ABCDEF0000000000000000000000000000000000000000000000000000000000"}}`

func at(t testing.TB) *url.URL {
	address, err := url.Parse("https://vpn.example/fleet/manifest.json?v=1")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestParseManifest(t *testing.T) {
	m, err := ParseManifest([]byte(exampleManifest), at(t))
	if err != nil {
		t.Fatal(err)
	}
	if m.Serial != 7 || m.Profiles[0].URL != "https://vpn.example/fleet/west.xml" || m.Policy.URL != "https://other.example/policy.toml" ||
		!strings.HasPrefix(m.Policy.SHA256, "abcdef") {
		t.Errorf("%+v", m)
	}
	for change, says := range map[string]string{
		`"format": 1`:              `"format": 2`,
		`"serial": 7`:              `"serial": -7`,
		`"west.xml"`:               `"http://vpn.example/west.xml"`,
		`"name": "West"`:           `"nome": "West"`,
		`"West"`:                   `"We\nst"`,
		`"profiles": [`:            `"profiles": null, "x": [`,
		`"2027-01-01T00:00:00Z"`:   `"soon"`,
		`"url": "https`:            `"name": "x", "url": "https`,
		`0000", "name": "West"}`:   `0000", "name": "West"}, {"url": "b.xml", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "name": "WEST"}`,
		`"sha256": "0000000000000`: `"sha256": "000000000000`,
	} {
		if m, err := ParseManifest([]byte(strings.Replace(exampleManifest, change, says, 1)), at(t)); err == nil {
			t.Errorf("with %s: %+v", says, m)
		}
	}
	for _, data := range []string{"", "[]", exampleManifest + "{}", `{"format": 1, "serial": 1}`, strings.Repeat(" ", MaxManifest+1)} {
		if _, err := ParseManifest([]byte(data), at(t)); err == nil {
			t.Errorf("%.40q is a manifest", data)
		}
	}
}

const exampleKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3" // of minisign itself

func TestSource(t *testing.T) {
	for _, source := range []Source{
		{URL: "https://vpn.example/m.json", PublicKey: exampleKey, Interval: "30m", Proxy: "none"},
		{URL: "https://vpn.example/m.json?sig=x", SHA256: strings.Repeat("aB", 32)},
	} {
		data, err := source.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if read, err := ParseSource(data); err != nil || *read != source {
			t.Errorf("%+v became %+v, %v", source, read, err)
		}
	}
	for text, wanted := range map[string]error{
		"url = \"http://vpn.example/m.json\"\npublic_key = \"" + exampleKey + "\"":                       ErrAddress,
		"url = \"https://a:b@vpn.example/m.json\"\npublic_key = \"" + exampleKey + "\"":                  ErrAddress,
		"url = \"https://vpn.example/m.json\"":                                                           ErrNoTrust,
		"url = \"https://vpn.example/m.json\"\nsha256 = \"aa\"":                                          ErrSHA256,
		"url = \"https://vpn.example/m.json\"\npublic_key = \"RWshort\"":                                 ErrKey,
		"url = \"https://vpn.example/m.json\"\npublic_key = \"" + exampleKey + "\"\ninterval = \"1s\"":   ErrInterval,
		"url = \"https://vpn.example/m.json\"\npublic_key = \"" + exampleKey + "\"\nproxy = \"ftp://x\"": ErrProxy,
	} {
		if _, err := ParseSource([]byte(text)); !errors.Is(err, wanted) {
			t.Errorf("%s: %v, want %v", text, err, wanted)
		}
	}
	if _, err := ParseSource([]byte("uri = \"x\"")); err == nil || !strings.Contains(err.Error(), "uri") {
		t.Error(err)
	}
	if got := (&Source{URL: "https://vpn.example/m.json?sig=x"}).signatureAddress(); got != "https://vpn.example/m.json.minisig?sig=x" {
		t.Error(got)
	}
	path := filepath.Join(t.TempDir(), "fleet.toml")
	if source, err := ReadSource(path, nil); source != nil || err != nil {
		t.Error(source, err)
	}
	if err := os.WriteFile(path, []byte("url = \"https://vpn.example/m.json\"\npublic_key = \""+exampleKey+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if source, err := ReadSource(path, nil); source == nil || err != nil {
		t.Error(source, err)
	}
	distrust := errors.New("not root's")
	if _, err := ReadSource(path, func(fs.FileInfo) error { return distrust }); !errors.Is(err, distrust) {
		t.Error(err)
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte(exampleManifest))
	f.Add([]byte(`{"format":1,"serial":0,"profiles":[]}`))
	f.Add([]byte(`{"format":1,"profiles":[{"url":"//x","sha256":""}]}`))
	from := at(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data, from)
		if err != nil {
			return
		}
		for _, file := range m.Profiles {
			address, err := url.Parse(file.URL)
			if err != nil || address.Scheme != "https" || address.Host == "" || len(file.SHA256) != 64 {
				t.Errorf("%+v", file)
			}
		}
	})
}

func FuzzParseSource(f *testing.F) {
	f.Add([]byte("url = \"https://vpn.example/m.json\"\npublic_key = \"" + exampleKey + "\"\n"))
	f.Add([]byte("url = \"https://vpn.example/m.json\"\nsha256 = \"" + strings.Repeat("0", 64) + "\"\ninterval = \"1h\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		source, err := ParseSource(data)
		if err != nil {
			return
		}
		written, err := source.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParseSource(written); err != nil || *again != *source {
			t.Errorf("%+v became %+v, %v", source, again, err)
		}
	})
}
