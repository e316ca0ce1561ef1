package arm

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Another process sets switches by name, all or none, and reads how they are set.
func TestControl(t *testing.T) {
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	socket := filepath.Join(t.TempDir(), "arm.sock")
	stop, err := s.ServeControl(socket)
	if err != nil {
		t.Fatal(err)
	}
	remote := Remote{Socket: socket}
	wanted := map[string]string{"throttle": "3", "retry-after": "2s", "unavailable": "1", "failed-downloads": "2", "polls": "4", "expired": "on", "broken-packages": "on",
		"forbid": "Microsoft.Network/p2svpnGateways/read,Microsoft.Network/virtualHubs/read", "fail-operations": "GatewayNotProvisioned"}
	if len(wanted) != len(Switches()) {
		t.Errorf("%d of %d switches are tried", len(wanted), len(Switches()))
	}
	values, err := remote.Set(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range wanted {
		if values[name] != value {
			t.Errorf("%s is %q, want %q", name, values[name], value)
		}
	}
	if f := s.faults; f.throttled != 3 || f.retryAfter != 2*time.Second || f.unavailable != 1 || f.downloads != 2 || f.polls != 4 || !f.expired || !f.brokenPackage || len(f.forbidden) != 2 || f.failing == "" {
		t.Errorf("%+v", f)
	}
	for _, bad := range []map[string]string{{"throttle": "-1"}, {"throttle": "many"}, {"retry-after": "soon"}, {"expired": "yes"}, {"no-such": "on"}} {
		bad["polls"] = "9"
		if values, err := remote.Set(t.Context(), bad); err == nil {
			t.Errorf("%v: %v", bad, values)
		}
	}
	if s.faults.polls != 4 {
		t.Error("half of a bad change was made")
	}
	off := map[string]string{}
	for name := range wanted {
		off[name] = "off"
	}
	if values, err = remote.Set(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	for name, value := range values {
		if value != "off" {
			t.Errorf("%s is %q after it was switched off", name, value)
		}
	}
	if url, err := remote.Blob(t.Context()); err != nil || !strings.HasPrefix(url, s.Endpoint()+"/blobs/") {
		t.Errorf("%q %v", url, err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Set(t.Context(), nil); err == nil {
		t.Error("it is controlled after its end")
	}
}
