package dns

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func config(server string, all bool, search ...string) Config {
	return Config{Servers: []netip.Addr{netip.MustParseAddr(server)}, Search: search, AllNames: all}
}

func TestRender(t *testing.T) {
	base := parseFile([]byte("; old\nnameserver 192.168.1.1\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\nnameserver no\ndomain x\nsearch home.test lan\noptions  edns0\tndots:2\nunknown y\n"))
	for _, test := range []struct {
		name    string
		tunnels []section
		base    file
		want    string
	}{
		{"some names", []section{{"tun0", "1@1", config("10.0.0.4", false, "corp.test")}}, base,
			"nameserver 10.0.0.4\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\nsearch corp.test home.test lan\noptions edns0 ndots:2\n"},
		{"all names", []section{{"tun0", "1@1", config("10.0.0.4", true)}}, base,
			"nameserver 10.0.0.4\nsearch home.test lan\noptions edns0 ndots:2\n"},
		{"two tunnels, the newest first", []section{{"tun0", "1@1", config("10.0.0.4", false, "a.test")}, {"tun1", "2@2", config("10.9.0.4", false, "b.test")}}, file{},
			"nameserver 10.9.0.4\nnameserver 10.0.0.4\nsearch b.test a.test\n"},
		{"no names", []section{{"tun0", "1@1", config("10.0.0.4", false)}}, base,
			"nameserver 192.168.1.1\nnameserver fe80::1%eth0\nsearch home.test lan\noptions edns0 ndots:2\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := render(test.tunnels, test.base)
			if !isOurs(text) {
				t.Error("the file does not say that it is ours")
			}
			if diff := cmp.Diff(test.tunnels, sections(text), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
				t.Errorf("tunnels (-written +read):\n%s", diff)
			}
			var lines []string
			for line := range strings.Lines(string(text)) {
				if !strings.HasPrefix(line, "#") {
					lines = append(lines, line)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(lines, "")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestInterrupted leaves the files as a crash, or another program, may.
func TestInterrupted(t *testing.T) {
	const before = "nameserver 192.168.1.1\n"
	dead := string(render([]section{{"tun0", "dead", config("10.0.0.4", true)}}, parseFile([]byte(before))))
	living := string(render([]section{{"tun0", "2@2", config("10.0.0.4", true)}}, parseFile([]byte(before))))
	both := string(render([]section{{"tun0", "dead", config("10.9.0.4", true)}, {"tun1", "2@2", config("10.0.0.4", true)}}, parseFile([]byte(before))))
	one := string(render([]section{{"tun1", "2@2", config("10.0.0.4", true)}}, parseFile([]byte(before))))
	fromNothing := string(render([]section{{"tun0", "dead", config("10.0.0.4", true)}}, file{noOriginal: true}))
	for _, test := range []struct {
		name       string
		files      map[string]string
		want, kept string // resolv.conf and the original afterwards; empty: not there
	}{
		{"original kept, file not yet written", map[string]string{resolvConf: before, original: before}, before, ""},
		{"file written", map[string]string{resolvConf: dead, original: before}, before, ""},
		{"file gone between", map[string]string{original: before}, before, ""},
		{"written over by another program", map[string]string{resolvConf: "nameserver 9.9.9.9\n", original: before}, "nameserver 9.9.9.9\n", ""},
		{"a living tunnel", map[string]string{resolvConf: living, original: before}, living, before},
		{"a dead and a living tunnel", map[string]string{resolvConf: both, original: before}, one, before},
		{"there was no file", map[string]string{resolvConf: fromNothing}, "", ""},
		{"nothing of ours", map[string]string{resolvConf: before}, before, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := fakeEnvironment(t, test.files, nil, nil)
			if err := Cleanup(t.Context(), env); err != nil {
				t.Fatal(err)
			}
			if got := string(readLimited(env.path(resolvConf))); got != test.want {
				t.Errorf("resolv.conf is\n%s, want\n%s", got, test.want)
			}
			if got := string(readLimited(env.path(original))); got != test.kept {
				t.Errorf("the original is\n%s, want\n%s", got, test.kept)
			}
			if test.want == "" && exists(env.path(resolvConf)) {
				t.Error("resolv.conf is there")
			}
		})
	}
	t.Run("original lost", func(t *testing.T) {
		env := fakeEnvironment(t, map[string]string{resolvConf: dead}, nil, nil)
		if err := Cleanup(t.Context(), env); err == nil {
			t.Error("no error, although the original is lost")
		}
	})
}

// TestFileKeepsItsNature checks that mode and link come back, not only content.
func TestFileKeepsItsNature(t *testing.T) {
	env := fakeEnvironment(t, map[string]string{"run/real.conf": "nameserver 192.168.1.1\n"}, nil, nil)
	if err := os.MkdirAll(env.path("etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../run/real.conf", env.path(resolvConf)); err != nil {
		t.Fatal(err)
	}
	wanted := config("10.0.0.4", false, "corp.test")
	if err := env.changeFile("tun0", &wanted); err != nil {
		t.Fatal(err)
	}
	if real := string(readLimited(env.path("run/real.conf"))); real != "nameserver 192.168.1.1\n" {
		t.Fatalf("what the link points at was changed: %s", real)
	}
	if err := os.WriteFile(env.path("run/real.conf"), []byte("nameserver 192.168.2.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := env.changeFile("tun0", &wanted); err != nil {
		t.Fatal(err)
	}
	if f := parseFile(readLimited(env.path(resolvConf))); len(f.servers) != 2 || f.servers[1].String() != "192.168.2.2" {
		t.Errorf("a new server behind the link is not heard of: %v", f.servers)
	}
	if err := env.changeFile("tun0", nil); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(env.path(resolvConf)); err != nil || target != "../run/real.conf" {
		t.Errorf("link is %q, %v", target, err)
	}
	left, err := filepath.Glob(env.path("etc/*footbridge*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// FuzzResolvConf reads any file as one that is not ours and as one that is, and writes one that means the same.
func FuzzResolvConf(f *testing.F) {
	f.Add([]byte("nameserver 192.168.1.1\nsearch a b\noptions edns0\n"))
	f.Add([]byte("# Generated by NetworkManager\r\nnameserver ::1\r\ndomain x\r\nsortlist 1.2.3.4/5\r\n"))
	f.Add(render([]section{{"tun0", "1@1", config("10.0.0.4", true, "corp.test")}}, file{noOriginal: true}))
	f.Add([]byte(header + tunnelMark + `{"device":"x","config":{"search":["a\nnameserver 1.1.1.1"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		base, tunnels := parseFile(data), sections(data)
		text := render(tunnels, base)
		if !isOurs(text) {
			t.Fatal("what was written is not recognised")
		}
		read := parseFile(text)
		again := render(sections(text), file{servers: base.servers, search: base.search, rest: base.rest, noOriginal: base.noOriginal})
		if string(again) != string(text) {
			t.Fatalf("written twice:\n%s\n%s", text, again)
		}
		merged := merge(tunnels, base)
		if len(read.servers) > maxNameservers || len(read.servers) != min(len(merged.servers), maxNameservers) || read.noOriginal != base.noOriginal {
			t.Fatalf("read %+v, meant %+v", read, merged)
		}
	})
}
