package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

// What the two name servers answer.
const (
	inTunnel  = "10.88.0.7"
	outside   = "198.51.100.7"
	notFound  = ""
	localName = "192.168.7.53" // the local network's name server
)

// resolve asks as any program on the computer does: through glibc.
func resolve(t *testing.T, name string) string {
	t.Helper()
	output, err := exec.Command("getent", "ahostsv4", name).Output()
	var exit *exec.ExitError
	if err != nil && (!asExit(err, &exit) || exit.ExitCode() != 2) {
		t.Fatalf("getent: %v", err)
	}
	address, _, _ := strings.Cut(string(output), " ")
	return address
}

func asExit(err error, exit **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*exit = e
	return ok
}

// expectNames resolves names and compares.
func expectNames(t *testing.T, when string, want map[string]string) {
	t.Helper()
	got := make(map[string]string)
	for name := range want {
		got[name] = resolve(t, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s\n%s", when, diff, picture(t))
	}
}

var (
	namesWithout = map[string]string{
		"app.corp.contoso.com":                notFound,
		"www.contoso.test":                    outside,
		"account.blob.core.windows.net":       outside,
		"x.privatelink.blob.core.windows.net": outside,
	}
	namesSplit = map[string]string{
		"app.corp.contoso.com":                inTunnel,
		"app":                                 inTunnel,
		"www.contoso.test":                    outside,
		"account.blob.core.windows.net":       inTunnel,
		"x.privatelink.blob.core.windows.net": inTunnel,
		"windows.net":                         outside,
	}
	namesAll = map[string]string{
		"app.corp.contoso.com": inTunnel,
		"app":                  inTunnel,
		"www.contoso.test":     inTunnel,
		"windows.net":          inTunnel,
	}
)

// resolver is one way in which computers resolve names.
type resolver struct {
	mode  string
	split bool // it can divide names between servers
	start func(t *testing.T)
	// disturb is a change of network that makes other programs set names, while a tunnel is up. It may be nil.
	disturb func(t *testing.T)
}

// testResolver goes through a tunnel's life: split, all names, back, closed; killed and cleaned up.
func testResolver(t *testing.T, r resolver) {
	must(t, os.WriteFile("/etc/nsswitch.conf", []byte("hosts: files dns\n"), 0o644))
	serveNames(t, localName, outsideNames)
	r.start(t)
	waitUntil(t, "names resolve without a tunnel", func() bool { return resolve(t, "www.contoso.test") == outside })
	expectNames(t, "before", namesWithout)
	before := picture(t)

	system := open(t)
	go answerNames(system.Device(), tunnelNames)
	split := splitTunnel()
	must(t, system.Set(context.Background(), split))
	checkSplit(t, system, r)
	evidence, want := "cat "+stateDir+"/*.journal", `"mode":"`+r.mode+`"`
	if r.mode == "systemd-resolved" {
		evidence, want = "resolvectl dns "+system.Name(), "10.88.0.53"
	}
	if got := sh(t, evidence); !strings.Contains(got, want) {
		t.Errorf("names are not resolved by %s: %s", r.mode, got)
	}
	if r.disturb != nil {
		r.disturb(t)
		checkSplit(t, system, r)
	}
	again := picture(t)
	must(t, system.Set(context.Background(), split))
	if diff := cmp.Diff(again, picture(t)); diff != "" {
		t.Errorf("the same again (-before +after):\n%s", diff)
	}
	all := splitTunnel()
	all.DNS.AllNames = true
	must(t, system.Set(context.Background(), all))
	waitUntil(t, "all names go to the tunnel", func() bool { return resolve(t, "www.contoso.test") == inTunnel })
	expectNames(t, "all names", namesAll)
	if warnings := system.Warnings(); len(warnings) > 0 {
		t.Errorf("all names: %v", warnings)
	}
	must(t, system.Set(context.Background(), split))
	checkSplit(t, system, r)
	none := splitTunnel()
	none.DNS = host.DNS{}
	must(t, system.Set(context.Background(), none))
	waitUntil(t, "no names go to the tunnel", func() bool { return resolve(t, "app.corp.contoso.com") == notFound })
	must(t, system.Set(context.Background(), split))
	must(t, system.Close())
	checkUndone(t, "closed", before)

	for _, recovery := range []string{"cleanup", "open", "cleanup without journal"} {
		p := startTunnel(t)
		p.set(split)
		waitUntil(t, "a name goes to the tunnel process", func() bool { return resolve(t, "app.corp.contoso.com") == inTunnel })
		p.setAndDie(all, "host set", 0)
		recoverFrom(t, recovery)
		checkUndone(t, "killed, "+recovery, before)
	}
}

// checkSplit checks that the company's names go into the tunnel, and the others do not, as far as the resolver can do that.
func checkSplit(t *testing.T, system *host.System, r resolver) {
	t.Helper()
	waitUntil(t, "the company's names go to the tunnel", func() bool { return resolve(t, "app.corp.contoso.com") == inTunnel })
	want := namesSplit
	if !r.split {
		want = namesAll
	}
	// What NetworkManager and its resolver do, they do one after the other.
	waitUntil(t, "all names go where they should", func() bool {
		for name, address := range want {
			if resolve(t, name) != address {
				return false
			}
		}
		return true
	})
	said := fmt.Sprint(codes(system.Warnings()))
	if wanted := map[bool]string{true: "[]", false: "[dns-not-split]"}[r.split]; said != wanted {
		t.Errorf("warnings are %s, want %s", said, wanted)
	}
}

func codes(warnings []host.Warning) []string {
	var list []string
	for _, warning := range warnings {
		list = append(list, warning.Code())
	}
	return list
}

func checkUndone(t *testing.T, when, before string) {
	t.Helper()
	waitUntil(t, when+": names resolve as before", func() bool {
		return resolve(t, "app.corp.contoso.com") == notFound && resolve(t, "www.contoso.test") == outside
	})
	expectNames(t, when, namesWithout)
	now := ""
	for range 20 { // what NetworkManager writes, it writes when it has the time
		if now = picture(t); now == before {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s (-before +after):\n%s", when, cmp.Diff(before, now))
}

// startBus starts the system bus.
func startBus(t *testing.T) {
	t.Helper()
	sh(t, `mkdir -p /run/dbus; chown messagebus /run/dbus; dbus-uuidgen --ensure=/etc/machine-id
		dbus-daemon --system --nofork --nopidfile &
		until [ -S /run/dbus/system_bus_socket ]; do :; done`)
}

func waitForName(t *testing.T, name string) {
	t.Helper()
	waitUntil(t, name+" is on the bus", func() bool { return onBus(name) })
}

func onBus(name string) bool {
	return exec.Command("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", name).Run() == nil
}

func staticNetwork(t *testing.T) {
	sh(t, "ip link set eth0 up; ip addr add 192.168.7.5/24 dev eth0")
}

func resolvConf(t *testing.T, text string) {
	t.Helper()
	must(t, os.RemoveAll("/etc/resolv.conf"))
	must(t, os.WriteFile("/etc/resolv.conf", []byte(text), 0o644))
}

const handWritten = "# by hand\nnameserver " + localName + "\nsearch home.contoso.net\noptions timeout:2 attempts:2\n"

func TestNamesByFile(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "resolv.conf", start: func(t *testing.T) {
			staticNetwork(t)
			resolvConf(t, handWritten)
		}})
	}
}

// TestFileWrittenByOthers has a DHCP client write a new resolv.conf under a tunnel, as a new file and into the old one.
func TestFileWrittenByOthers(t *testing.T) {
	if !onComputer(t, true) {
		return
	}
	resolvConf(t, handWritten)
	serveNames(t, localName, outsideNames)
	staticNetwork(t)
	system := open(t)
	go answerNames(system.Device(), tunnelNames)
	must(t, system.Set(context.Background(), splitTunnel()))
	waitUntil(t, "names go to the tunnel", func() bool { return resolve(t, "app.corp.contoso.com") == inTunnel })
	for _, write := range []string{
		"printf 'nameserver " + localName + "\noptions ndots:2\n' >/etc/new.conf; mv /etc/new.conf /etc/resolv.conf",
		"printf 'nameserver " + localName + "\noptions ndots:3\n' >/etc/resolv.conf",
	} {
		sh(t, write)
		waitUntil(t, "names go to the tunnel again", func() bool { return resolve(t, "app.corp.contoso.com") == inTunnel })
	}
	must(t, system.Close())
	if got, want := sh(t, "cat /etc/resolv.conf; ls /etc | grep -c resolv.conf"), "nameserver "+localName+"\noptions ndots:3\n1\n"; got != want {
		t.Errorf("after Close there is %q, want %q", got, want)
	}
}

// TestNamesByLinkedFile has a resolv.conf that is a symbolic link.
func TestNamesByLinkedFile(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "resolv.conf", start: func(t *testing.T) {
			staticNetwork(t)
			resolvConf(t, handWritten)
			sh(t, "mv /etc/resolv.conf /run/real.conf; ln -s ../run/real.conf /etc/resolv.conf")
		}})
	}
}

// TestNamesByMountedFile has a resolv.conf that is a mount, as in containers.
func TestNamesByMountedFile(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "resolv.conf", start: func(t *testing.T) {
			staticNetwork(t)
			resolvConf(t, handWritten)
			sh(t, "cp /etc/resolv.conf /run/mounted.conf; mount --bind /run/mounted.conf /etc/resolv.conf")
		}})
	}
}

func TestNamesByResolved(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "systemd-resolved", split: true, start: func(t *testing.T) {
			staticNetwork(t)
			startBus(t)
			startResolved(t)
			sh(t, resolvedNetwork)
		}})
	}
}

const resolvedNetwork = "resolvectl dns eth0 " + localName + "; resolvectl default-route eth0 true"

func startResolved(t *testing.T) {
	t.Helper()
	sh(t, "mkdir -p /run/systemd; /lib/systemd/systemd-resolved </dev/null & echo $! >/run/resolved.pid")
	waitForName(t, "org.freedesktop.resolve1")
	sh(t, "ln -sf ../run/systemd/resolve/stub-resolv.conf /etc/resolv.conf")
}

// TestNamesByResolvedUnderNetworkManager is the usual desktop: NetworkManager tells systemd-resolved of every link that it
// knows, and knows the tunnel's too.
func TestNamesByResolvedUnderNetworkManager(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "systemd-resolved", split: true, disturb: reconnect, start: func(t *testing.T) {
			startBus(t)
			startResolved(t)
			startNetworkManager(t, "systemd-resolved")
		}})
	}
}

// TestResolvedRestarted takes systemd-resolved away under a tunnel, with all that it remembers.
func TestResolvedRestarted(t *testing.T) {
	if !onComputer(t, true) {
		return
	}
	serveNames(t, localName, outsideNames)
	staticNetwork(t)
	startBus(t)
	startResolved(t)
	sh(t, resolvedNetwork)
	system := open(t)
	go answerNames(system.Device(), tunnelNames)
	must(t, system.Set(context.Background(), splitTunnel()))
	checkSplit(t, system, resolver{split: true})
	sh(t, "kill -9 $(cat /run/resolved.pid); rm -rf /run/systemd/resolve/netif")
	waitUntil(t, "it is gone", func() bool { return !onBus("org.freedesktop.resolve1") })
	startResolved(t)
	sh(t, resolvedNetwork)
	checkSplit(t, system, resolver{split: true})
	must(t, system.Close())
	waitUntil(t, "names resolve as before", func() bool { return resolve(t, "app.corp.contoso.com") == notFound })
}

func TestNamesByNetworkManager(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "NetworkManager", disturb: reconnect,
			start: func(t *testing.T) { startNetworkManager(t, "default") }})
	}
}

func TestNamesByNetworkManagerWithDnsmasq(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "NetworkManager", split: true, disturb: reconnect,
			start: func(t *testing.T) { startNetworkManager(t, "dnsmasq") }})
	}
}

func startNetworkManager(t *testing.T, plugin string) {
	t.Helper()
	manage := ""
	if plugin != "systemd-resolved" {
		must(t, os.Remove("/etc/resolv.conf"))
		manage = "rc-manager=file\n"
	}
	must(t, os.WriteFile("/etc/NetworkManager/NetworkManager.conf", []byte("[main]\nplugins=keyfile\nno-auto-default=*\nauth-polkit=false\n"+manage+"dns="+plugin+"\n"), 0o644))
	must(t, os.WriteFile("/etc/NetworkManager/system-connections/eth0.nmconnection", []byte(`[connection]
id=eth0
type=ethernet
interface-name=eth0
[ipv4]
method=manual
address1=192.168.7.5/24
dns=`+localName+`;
dns-search=home.contoso.net;
[ipv6]
method=disabled
`), 0o600))
	if plugin != "systemd-resolved" {
		startBus(t)
	}
	sh(t, "mkdir -p /run/NetworkManager; NetworkManager --no-daemon >/run/nm.log 2>&1 &")
	waitForName(t, "org.freedesktop.NetworkManager")
	waitUntil(t, "eth0 is connected", func() bool {
		return strings.Contains(sh(t, "nmcli -t -f DEVICE,STATE device"), "eth0:connected")
	})
}

// reconnect has NetworkManager leave the network and come back.
func reconnect(t *testing.T) {
	t.Helper()
	sh(t, "nmcli --wait 20 connection down eth0 && nmcli --wait 20 connection up eth0")
	last := ""
	waitUntil(t, "the network's domain is searched again, and nothing changes any more", func() bool {
		now := sh(t, "sleep 0.5; cat /etc/resolv.conf /run/NetworkManager/conf.d/* 2>/dev/null || true")
		settled := now == last && strings.Contains(now, "home.contoso.net")
		last = now
		return settled
	})
}

func TestNamesByOpenresolv(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "openresolv", start: func(t *testing.T) {
			staticNetwork(t)
			unpack(t, "openresolv")
			sh(t, "rm -f /etc/resolv.conf; printf 'nameserver "+localName+"\nsearch home.contoso.net\n' | resolvconf -a eth0.dhcp")
		}})
	}
}

func TestNamesByResolvconf(t *testing.T) {
	if onComputer(t, true) {
		testResolver(t, resolver{mode: "resolvconf", start: func(t *testing.T) {
			staticNetwork(t)
			unpack(t, "resolvconf")
			sh(t, `mkdir -p /run/resolvconf/interface; rm -f /etc/resolv.conf; ln -s ../run/resolvconf/resolv.conf /etc/resolv.conf
				resolvconf --enable-updates; printf 'nameserver `+localName+`\nsearch home.contoso.net\n' | resolvconf -a eth0.dhcp`)
		}})
	}
}

// unpack puts a program from /opt in its place.
func unpack(t *testing.T, name string) {
	t.Helper()
	sh(t, "tar -C /opt/"+name+" -cf - . | tar -C / --keep-directory-symlink -xf -")
}
