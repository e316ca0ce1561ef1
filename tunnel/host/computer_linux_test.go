package host_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/rootfs"
)

const (
	insideVariable = "FOOTBRIDGE_TEST_INSIDE"
	rootVariable   = "FOOTBRIDGE_TEST_ROOT"
	tunnelVariable = "FOOTBRIDGE_TEST_TUNNEL"
)

// stateDir is where the tests keep journals, on their own computer.
const stateDir = "/run/footbridge-state"

func TestMain(m *testing.M) {
	if os.Getenv(tunnelVariable) != "" {
		runTunnelProcess()
		return
	}
	os.Exit(m.Run())
}

// onComputer runs the test again as the first process of a computer of its own: with its own network, processes and mounts,
// which all go with it. It returns true in there, and false outside, when all is done. With debian the computer is the small
// Debian system; otherwise it is this one's files, with an /etc that can be changed.
func onComputer(t *testing.T, debian bool) bool {
	t.Helper()
	if os.Getenv(insideVariable) == t.Name() {
		moveIn(t, os.Getenv(rootVariable))
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root: a network namespace of its own")
	}
	root := ""
	if debian {
		var err error
		if root, err = rootfs.Ensure(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	command := exec.CommandContext(ctx, "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--",
		self(t), "-test.run="+pattern, "-test.v", "-test.timeout=110s")
	command.Dir = t.TempDir() // to be removed when the computer's mounts are gone
	command.Env = append(os.Environ(), insideVariable+"="+t.Name(), rootVariable+"="+root)
	command.WaitDelay = 5 * time.Second
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Fatalf("on the computer: %v", err)
	}
	if !bytes.Contains(output, []byte("--- PASS: "+t.Name())) {
		t.Fatal("nothing ran on the computer")
	}
	return false
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// moveIn arranges the computer's files around this process.
func moveIn(t *testing.T, root string) {
	t.Helper()
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	dir, err := os.Getwd()
	must(t, err)
	must(t, unix.Mount("computer", dir, "tmpfs", 0, "mode=755"))
	if root == "" {
		overlay(t, dir, "/etc", "/etc")
	} else {
		merged := filepath.Join(dir, "root")
		overlay(t, dir, root, merged)
		must(t, unix.Mount("/dev", filepath.Join(merged, "dev"), "", unix.MS_BIND|unix.MS_REC, ""))
		must(t, syscall.Chroot(merged))
	}
	must(t, os.Chdir("/"))
	must(t, unix.Mount("proc", "/proc", "proc", 0, ""))
	must(t, unix.Mount("sysfs", "/sys", "sysfs", unix.MS_RDONLY, ""))
	must(t, unix.Mount("run", "/run", "tmpfs", 0, "mode=755"))
	must(t, unix.Mount("tmp", "/tmp", "tmpfs", 0, "mode=1777"))
	sh(t, "ip link set lo up")
	if root == "" {
		// Whatever this computer has is not the tests' to rely on.
		must(t, os.RemoveAll("/etc/resolv.conf"))
		must(t, os.WriteFile("/etc/resolv.conf", []byte("nameserver 192.168.7.53\nsearch home.test\noptions timeout:1\n"), 0o644))
		must(t, os.WriteFile("/etc/nsswitch.conf", []byte("hosts: files dns\n"), 0o644))
	}
}

func overlay(t *testing.T, dir, lower, at string) {
	t.Helper()
	upper, work := filepath.Join(dir, "upper"), filepath.Join(dir, "work")
	for _, d := range []string{upper, work} {
		must(t, os.MkdirAll(d, 0o755))
	}
	if at != lower {
		must(t, os.MkdirAll(at, 0o755))
	}
	must(t, unix.Mount("overlay", at, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work)))
}

// addNetwork plugs the computer into 192.168.7.0/24 and fd00:7::/64, with a router at .1 that is in a namespace of its own.
func addNetwork(t *testing.T) {
	t.Helper()
	sh(t, `ip link add eth0 type veth peer name uplink
		unshare --net sleep 600 & holder=$!
		until [ "$(readlink /proc/$holder/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
		ip link set uplink netns $holder
		nsenter --net=/proc/$holder/ns/net sh -c 'ip link set lo up; ip link set uplink up; ip addr add 192.168.7.1/24 dev uplink; ip -6 addr add fd00:7::1/64 dev uplink nodad'
		ip link set eth0 up
		ip addr add 192.168.7.5/24 dev eth0
		ip -6 addr add fd00:7::5/64 dev eth0 nodad
		ip route add default via 192.168.7.1
		ip -6 route add default via fd00:7::1`)
}

func sh(t *testing.T, script string) string {
	t.Helper()
	command := exec.Command("sh", "-ec", script)
	var out, errs bytes.Buffer
	// Files, not pipes: what a script leaves running in the background must not be waited for.
	outFile, err := os.CreateTemp("", "out")
	must(t, err)
	defer os.Remove(outFile.Name())
	defer outFile.Close()
	errFile, err := os.CreateTemp("", "err")
	must(t, err)
	defer os.Remove(errFile.Name())
	defer errFile.Close()
	command.Stdout, command.Stderr = outFile, errFile
	runErr := command.Run()
	for file, buffer := range map[*os.File]*bytes.Buffer{outFile: &out, errFile: &errs} {
		_, err := file.Seek(0, 0)
		must(t, err)
		_, err = buffer.ReadFrom(file)
		must(t, err)
	}
	if runErr != nil {
		t.Fatalf("%s\n%v\n%s%s", script, runErr, out.Bytes(), errs.Bytes())
	}
	return out.String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// picture shows everything that a tunnel may change on the computer.
func picture(t *testing.T) string {
	t.Helper()
	text := sh(t, `exec 2>&1
		echo "# links"; ip -o link | sed '/^1:/d; s/qdisc.*//'
		echo "# addresses"; ip -o addr | sed '/fe80/d; s/ valid_lft.*//'
		echo "# routes"; ip route show table all | sed '/^broadcast/d; /^local/d'; ip -6 route show table all | sed '/fe80/d; /^local/d; /^multicast/d; /^anycast/d'
		echo "# rules"; ip rule; ip -6 rule
		echo "# names"; ls -l /etc | sed 's/.* root *[0-9]* //; s/^[A-Z][a-z][a-z] *[0-9]* *[0-9:]* //' | grep resolv || true; cat /etc/resolv.conf || true
		for d in /run/resolvconf/interface /run/resolvconf/interfaces /run/NetworkManager/conf.d `+stateDir+`; do echo "# $d"; ls $d 2>/dev/null || true; done`)
	return text
}

// waitUntil waits for something that another process brings about.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s\n%s", what, picture(t))
		}
		time.Sleep(20 * time.Millisecond)
	}
}
