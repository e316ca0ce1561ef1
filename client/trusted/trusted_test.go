package trusted

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

func TestMatch(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	probe := listener.Addr().String()
	reachable := func(ctx context.Context, address string) (net.Conn, error) {
		if address != probe {
			return nil, errors.New("unreachable")
		}
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	office := []settings.TrustedNetwork{{DNSSuffix: "office.example"}, {Probe: probe}}
	tests := []struct {
		name     string
		suffixes []string
		networks []settings.TrustedNetwork
		want     string
	}{
		{"the suffix itself", []string{"Office.Example."}, office, "office.example"},
		{"below it", []string{"home.test", "floor3.office.example"}, office, "office.example"},
		{"another that ends alike", []string{"backoffice.example"}, office[:1], ""},
		{"only the probe answers", []string{"home.test"}, office, probe},
		{"nothing", []string{"home.test"}, []settings.TrustedNetwork{{DNSSuffix: "office.example"}, {Probe: "192.0.2.1:443"}}, ""},
		{"none is trusted", []string{"office.example"}, nil, ""},
	}
	for _, test := range tests {
		n := Network{Suffixes: func(context.Context) []string { return test.suffixes }, Dial: reachable}
		if got := n.Match(t.Context(), test.networks); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestResolvFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(path, []byte("domain old.example\nnameserver 192.0.2.1\nsearch a.example b.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := fromResolvFile(path); !slices.Equal(got, []string{"a.example", "b.example"}) {
		t.Error(got)
	}
	if got := fromResolvFile(path + "x"); got != nil {
		t.Error(got)
	}
}
