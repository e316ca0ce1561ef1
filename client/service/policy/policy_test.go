package policy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

const example = `
machine_profiles_only = true
save_passwords = false
always_on = ["contoso"]
proxies = ["proxy.contoso.com:3128"]

[operate]
users = ["alice", "1001"]
groups = ["vpn"]
logged_in = false

[settings]
dns-suffixes = "corp.contoso.com"
mtu = "1400"

[profiles."Contoso West".settings]
mtu = "1300"
transport = "tcp"
`

func TestPolicy(t *testing.T) {
	p, err := Parse([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if !p.MachineProfilesOnly || p.MaySavePasswords() || !p.IsAlwaysOn("x", "contoso") || p.IsAlwaysOn("x", "y") ||
		!p.MayUseProxy("PROXY.contoso.com:3128") || p.MayUseProxy("proxy.contoso.com:8080") || strings.Join(p.Locked(), " ") != "dns-suffixes mtu" ||
		p.Operate == nil || p.Operate.Users[1] != "1001" || p.Observe != nil {
		t.Errorf("%+v", p)
	}
	users := settings.Settings{MTU: 1500, Username: "bob"}
	if err := p.Force("", "", &users); err != nil || users.MTU != 1400 || users.Username != "bob" || users.Transport != "" {
		t.Errorf("%+v %v", users, err)
	}
	if err := p.Force("west-id", "Contoso West", &users); err != nil || users.MTU != 1300 || users.Transport != "tcp" {
		t.Errorf("%+v %v", users, err)
	}
	var free Policy
	if !free.MaySavePasswords() || !free.MayUseProxy("any:1") || free.MachineProfilesOnly {
		t.Errorf("%+v", free)
	}
}

func TestParseRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"machine_profile_only = true":             `no rule "machine_profile_only"`,
		"[operate]\nuser = [\"alice\"]":           `no rule "operate.user"`,
		"machine_profiles_only = ":                "line 1",
		"save_passwords = \"no\"":                 "save_passwords",
		"[settings]\nmtu = \"big\"":               "mtu",
		"[settings]\ncolour = \"red\"":            "colour",
		"[profiles.x.settings]\nmtu = \"1\"":      `profiles."x".settings`,
		"proxies = [\"proxy.contoso.com\"]":       "host:port",
		strings.Repeat("#", MaxSize+1):            "more than",
		"[settings]\nproxy = \"ftp://hunter2@x\"": "proxy",
	} {
		_, err := Parse([]byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.40q: %v, want %s", text, err, says)
		}
	}
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.toml")
	if p, err := Read(path, nil); err != nil || p.MachineProfilesOnly {
		t.Error(p, err)
	}
	if err := os.WriteFile(path, []byte(example), 0o644); err != nil {
		t.Fatal(err)
	}
	if p, err := Read(path, nil); err != nil || !p.MachineProfilesOnly {
		t.Error(p, err)
	}
	distrust := errors.New("not root's")
	if _, err := Read(path, func(fs.FileInfo) error { return distrust }); !errors.Is(err, distrust) {
		t.Error(err)
	}
	if _, err := Read(filepath.Dir(path), nil); err == nil {
		t.Error("a folder is a policy")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		var s settings.Settings
		if err := p.Force("", "", &s); err != nil {
			t.Errorf("read, but cannot be followed: %v", err)
		}
	})
}
