package azure

import (
	"net/url"
	"testing"
)

// Whatever a resource manager says it is, nobody is sent elsewhere than to an https address to sign in.
func FuzzParseCloud(f *testing.F) {
	f.Add([]byte(`{"authentication": {"loginEndpoint": "https://login.example/", "audiences": ["https://management.example/"]}}`))
	f.Add([]byte(`{"authentication": {"loginEndpoint": "http://login.example/", "audiences": [""]}}`))
	address := &url.URL{Scheme: "https", Host: "management.example"}
	f.Fuzz(func(t *testing.T, data []byte) {
		cloud, err := parseCloud(data, address)
		if err != nil {
			return
		}
		authority, err := url.Parse(cloud.Authority)
		if err != nil || authority.Scheme != "https" || authority.Host == "" || cloud.Audience == "" {
			t.Errorf("%+v", cloud)
		}
	})
}

// Whatever Azure has as a root certificate is shown or left.
func FuzzReadRoot(f *testing.F) {
	f.Add("root", "MIIB")
	f.Add("root", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----")
	f.Fuzz(func(t *testing.T, name, data string) {
		root := readRoot(name, data)
		if (root.Thumbprint == "") != root.Expires.IsZero() || root.Name != name {
			t.Errorf("%+v", root)
		}
	})
}
