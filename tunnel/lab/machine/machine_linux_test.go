package machine

import (
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

func TestMachineBootsWithUsersAndNameService(t *testing.T) {
	netnstest.RequireRoot(t)
	m, err := Boot(t.Context(), Options{Network: netnstest.New(t, "pc"), Users: []string{"alice"},
		Files: map[string]File{"/usr/local/bin/hello": {Content: []byte("#!/bin/sh\necho hello $1 from $(id -un)\n"), Mode: 0o755}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	run := func(user, name string, arguments ...string) string {
		t.Helper()
		out, err := m.Command(t.Context(), user, name, arguments...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v: %s", name, arguments, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	if got := run("alice", "hello", "a b; $HOME"); got != "hello a b; $HOME from alice" {
		t.Errorf("alice's program said %q", got)
	}
	if got := run("root", "systemctl", "is-active", "systemd-resolved"); got != "active" {
		t.Errorf("systemd-resolved is %s", got)
	}
	if got := run("alice", "loginctl", "show-user", "alice", "-p", "State"); got != "State=active" {
		t.Errorf("logind says %s", got)
	}
}
