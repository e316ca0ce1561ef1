package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// apart takes certificate and key out of a profile, into files of the user.
func (u *account) apart(profile string) (without, certificate, key string) {
	u.t.Helper()
	part := func(tag string) string {
		found := regexp.MustCompile("(?s)<" + tag + ">\n(.*?)</" + tag + ">\n").FindStringSubmatch(profile)
		if found == nil {
			u.t.Fatalf("no %s in the profile", tag)
		}
		return found[1]
	}
	certificate, key = u.file("user.pem", part("cert")), u.file("user.key", part("key"))
	without = regexp.MustCompile("(?s)<(cert|key)>.*?</(cert|key)>\n").ReplaceAllString(profile, "")
	return without, certificate, key
}

// agents are the processes in the background that answer for a user.
func (u *account) agents() []int {
	out, _ := exec.Command("pgrep", "-u", strconv.Itoa(u.uid), "-f", u.socket).Output()
	var pids []int
	for _, field := range strings.Fields(string(out)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			u.t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func (u *account) awaitAgents(count int) {
	u.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); len(u.agents()) != count; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			u.t.Fatalf("%d agents run, not %d", len(u.agents()), count)
		}
	}
}

// A user connects with a certificate whose key stays with them, the tunnel stays when the command has ended, something of the user's
// goes on answering, and all of it ends with the connection.
func TestConnectWithCertificate(t *testing.T) {
	socket := serve(t)
	u := newAccount(t, alice)
	u.socket = socket
	profile, certificate, key := u.apart(serveGateway(t))
	u.run("import", u.file("contoso.ovpn", profile)).want(exitDone)

	r := u.run("connect", "contoso").want(exitSignIn)
	if !strings.Contains(r.stderr, "No client certificate is chosen") {
		t.Errorf("without a certificate: %s", r.stderr)
	}
	r = u.run("connect", "contoso", "--cert", certificate, "--key", key).want(exitDone)
	for _, want := range []string{"Connected", "10.10.0.0/16"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q is not in\n%s%s", want, r.stdout, r.stderr)
		}
	}
	u.awaitAgents(1)
	if out := u.run("status").want(exitDone).stdout; !strings.Contains(out, "contoso  connected") {
		t.Errorf("status after the command:\n%s", out)
	}
	if out := u.run("connect", "contoso").want(exitDone).stdout; !strings.Contains(out, "connected already") {
		t.Errorf("a second time: %s", out)
	}
	u.run("disconnect", "contoso").want(exitDone)
	u.awaitAgents(0)

	// What is set for the profile need not be said again. Programs read events and a result.
	u.run("set", "contoso", "certificate="+certificate, "key="+key).want(exitDone)
	r = u.run("connect", "contoso", "--json").want(exitDone)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	var last struct {
		Kind, Profile string
		Connected     bool
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Kind != "result" || !last.Connected || last.Profile != "contoso" || len(lines) < 5 {
		t.Errorf("%v %+v in\n%s", err, last, r.stdout)
	}
	if missing := undocumented(t, "footbridge connect", r.stdout); len(missing) > 0 {
		t.Errorf("docs/json.md does not have %q", missing)
	}
	u.run("disconnect", "--all").want(exitDone)
	u.awaitAgents(0)

	u.run("connect", "contoso", "--no-wait").want(exitDone)
	awaitStatus(t, u, "contoso  connected")
	u.run("disconnect").want(exitDone)
	u.awaitAgents(0)
	noSecrets(t, u, key)
}

func awaitStatus(t *testing.T, u *account, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(u.run("status").stdout, want); {
		if time.Now().After(deadline) {
			t.Fatalf("never %q:\n%s", want, u.run("status").stdout)
		}
	}
}

// noSecrets searches what the service logged for the private key.
func noSecrets(t *testing.T, u *account, key string) {
	t.Helper()
	data, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Split(string(data), "\n")[1]
	if out := u.run("logs", "--level", "debug", "--json").want(exitDone).stdout; strings.Contains(out, body) {
		t.Error("the private key is in the log")
	}
}

// Each way not to get a connection has its exit code, and leaves no session.
func TestConnectFails(t *testing.T) {
	socket := serve(t)
	u := newAccount(t, alice)
	profile, certificate, key := u.apart(serveGateway(t))
	u.run("import", u.file("contoso.ovpn", profile)).want(exitDone)
	u.run("connect", "contoso", "--cert", certificate, "--key", key).want(exitService)
	u.socket = socket
	u.run("connect", "nothing").want(exitNotFound)
	u.run("connect", "contoso", "--key", key).want(exitUsage)
	u.run("connect", "contoso", "--cert", certificate, "--pkcs12", certificate).want(exitUsage)
	u.run("connect", "contoso", "--wait", "--no-wait").want(exitUsage)
	u.run("connect", "contoso", "--cert", u.file("none.pem", "nothing")).want(exitSignIn)

	closed := regexp.MustCompile(`remote 127.0.0.1 \d+`).ReplaceAllString(profile, "remote 127.0.0.1 1")
	u.run("import", u.file("closed.ovpn", closed), "--name", "closed").want(exitDone)
	r := u.run("connect", "closed", "--cert", certificate, "--key", key, "--timeout", "2s").want(exitTimeout)
	if !strings.Contains(r.stdout+r.stderr, "refused") {
		t.Errorf("why it took too long is not said: %s%s", r.stdout, r.stderr)
	}
	terminal := u.at(100, "connect", "closed", "--cert", certificate, "--key", key)
	terminal.await("refused")
	terminal.types(ctrlC)
	if code := terminal.exit(); code != exitCancelled {
		t.Errorf("Ctrl-C ended with %d:\n%s", code, terminal.text())
	}
	awaitStatus(t, u, "Nothing is connected.")
	u.awaitAgents(0)
}

// Where a gateway is not reached the secondary profile is connected instead.
func TestConnectSecondary(t *testing.T) {
	u := newAccount(t, alice)
	u.socket = serve(t)
	profile := serveGateway(t)
	u.run("import", u.file("west.ovpn", profile)).want(exitDone)
	closed := regexp.MustCompile(`remote 127.0.0.1 \d+`).ReplaceAllString(profile, "remote 127.0.0.1 1")
	u.run("import", u.file("contoso.ovpn", closed)).want(exitDone)
	u.run("set", "contoso", "secondary-profile=west").want(exitDone)
	if r := u.run("connect", "contoso").want(exitDone); !strings.Contains(r.stdout, "Connecting west instead") {
		t.Errorf("connect said\n%s", r.stdout)
	}
	if out := u.run("status").want(exitDone).stdout; !strings.Contains(out, "west  connected") || strings.Contains(out, "contoso") {
		t.Errorf("status is\n%s", out)
	}
	u.run("disconnect").want(exitDone)
}
