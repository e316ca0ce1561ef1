package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra/visitor"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

// labAdministrator is an administrator at the laptop of a lab whose Azure has the lab's gateway.
type labAdministrator struct {
	t   *testing.T
	lab *lab.Lab
	dir string
}

func newLabAdministrator(t *testing.T) *labAdministrator {
	t.Helper()
	netnstest.RequireRoot(t)
	l, err := lab.Up(t.Context(), lab.Options{Azure: true, Authentications: []azurezip.Authentication{azurezip.Certificate, azurezip.Entra}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return &labAdministrator{t, l, t.TempDir()}
}

// azure runs footbridge azure with --json on the laptop, signed in with a code on another screen. It returns what follows the code, and the exit code.
func (a *labAdministrator) azure(arguments ...string) (string, int) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 90*time.Second)
	defer cancel()
	path, err := programFile()
	if err != nil {
		a.t.Fatal(err)
	}
	command := a.lab.Laptop.Command(ctx, path, append([]string{"azure", "--sign-in", "device-code", "--tenant", a.lab.Entra.Tenant(), "--json"}, arguments...)...)
	command.Env = append(os.Environ(), runAsFootbridge+"=1", "HOME="+a.dir, "FOOTBRIDGE_KEYRING=memory", "LANG=C.UTF-8")
	command.Dir = a.dir
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.StdoutPipe()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		a.t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if !a.signsIn(ctx, lines.Bytes()) {
			said.WriteString(lines.Text() + "\n")
		}
	}
	command.Wait()
	if a.t.Failed() {
		a.t.Fatalf("footbridge azure %q: %s%s", arguments, said.String(), complaints.String())
	}
	return said.String() + complaints.String(), command.ProcessState.ExitCode()
}

// signsIn types the code of a line in, where the line has one.
func (a *labAdministrator) signsIn(ctx context.Context, line []byte) bool {
	a.t.Helper()
	var asked struct {
		Kind            string
		UserCode        string `json:"user_code"`
		VerificationURL string `json:"verification_url"`
	}
	if json.Unmarshal(line, &asked) != nil || asked.Kind != "device-code" {
		return false
	}
	guest, err := visitor.New(a.lab.HTTPClient())
	if err == nil {
		user := a.lab.Entra.Users()[0]
		_, err = guest.OpenDevice(ctx, asked.VerificationURL, asked.UserCode, visitor.Person{Username: user.Username, Password: user.Password})
	}
	if err != nil {
		a.t.Errorf("the administrator does not get in: %v", err)
	}
	return true
}

// done is azure for what has to work, read into a value.
func (a *labAdministrator) done(value any, arguments ...string) {
	a.t.Helper()
	out, code := a.azure(arguments...)
	if code != exitDone {
		a.t.Fatalf("footbridge azure %q: exit code %d: %s", arguments, code, out)
	}
	if err := json.Unmarshal([]byte(out), value); err != nil {
		a.t.Fatalf("footbridge azure %q: %v: %s", arguments, err, out)
	}
}

// connect runs a client on the laptop with the lab's certificate.
func (a *labAdministrator) connect(profile string) *program {
	a.t.Helper()
	w := &world{t: a.t, laptop: a.lab.Laptop, gateway: a.lab.Gateway, dir: a.dir}
	return w.runWith(filepath.Join(a.dir, profile), "--profile", a.certificateProfile(profile), "--cert", a.lab.Files.Certificate, "--key", a.lab.Files.Key)
}

// Somebody leaves: the administrator fetches the profile from Azure, a client connects with it, is seen at the gateway of either kind, and gets in neither
// again once the certificate is revoked and the session cut; and gets in again when that was a mistake.
func TestAzureOfTheLab(t *testing.T) {
	a := newLabAdministrator(t)
	var listed azureGatewaysResult
	a.done(&listed, "gateways")
	if len(listed.Gateways) != 2 || listed.Gateways[0].Name != "hub-gateway" || listed.Gateways[1].Name != "lab-gateway" {
		t.Fatalf("%+v", listed)
	}
	a.lab.Azure.FailDownloads(1)
	var fetched azureProfileResult
	a.done(&fetched, "profile", "lab-gateway", "--auth", "cert", "-o", "lab.zip")
	a.done(&fetched, "profile", "hub-gateway", "--auth", "entra", "-o", "hub.zip", "--import", "--name", "Hub")
	if fetched.Imported == nil || fetched.Imported.Servers[0] != a.lab.Host+":443" {
		t.Errorf("%+v", fetched)
	}
	var check azureCheckResult
	a.done(&check, "check", "Hub")
	if !check.Current || len(check.ByHand) != 0 {
		t.Errorf("%+v", check)
	}

	client := a.connect("lab.zip")
	address := client.awaitSession().Addresses[0].Addr()
	user := a.seen(address)

	var change azureChangeResult
	a.done(&change, "p2s", "set", "lab-gateway", "--revoke", a.lab.Files.Certificate, "--yes")
	if !change.Applied || len(change.Differences) != 1 {
		t.Errorf("%+v", change)
	}
	var cut azureDisconnectResult
	a.done(&cut, "disconnect", "lab-gateway", "--user", user, "--yes")
	if len(cut.Disconnected) != 1 {
		t.Errorf("%+v", cut)
	}
	client.await("an end for good", func(e event) bool { return e.Kind == "failure" })
	if code := client.exit(); code != exitSignIn {
		t.Errorf("the client ends with %d", code)
	}
	refused := a.connect("lab.zip")
	refused.await("a refusal", func(e event) bool { return e.Kind == "failure" })
	if left := a.lab.BuiltIn.Sessions(); len(left) != 0 {
		t.Errorf("still connected: %+v", left)
	}
	a.done(&change, "p2s", "set", "lab-gateway", "--unrevoke", a.lab.Files.Certificate, "--yes")
	a.connect("lab.zip").awaitSession()
}

// seen makes sure that both kinds of gateways tell of the client with an address, and returns who they say it is.
func (a *labAdministrator) seen(address netip.Addr) string {
	a.t.Helper()
	var seen, hub azureSessionsResult
	a.done(&seen, "sessions", "lab-gateway")
	a.done(&hub, "sessions", "hub-gateway", "--blob-url", a.lab.Azure.Blob())
	for _, all := range [][]azure.Session{seen.Sessions, hub.Sessions} {
		if len(all) != 1 || all[0].PrivateAddress != address || all[0].User == "" || all[0].Since.IsZero() || !strings.HasPrefix(all[0].PublicAddress, "203.0.113.10:") {
			a.t.Fatalf("%+v, want %s", all, address)
		}
	}
	var totals azureSessionsResult
	a.done(&totals, "sessions", "hub-gateway")
	if totals.Totals == nil || totals.Totals.Sessions != 1 {
		a.t.Errorf("%+v", totals)
	}
	return seen.Sessions[0].User
}

// certificateProfile is the name of the profile in a package that is for certificates.
func (a *labAdministrator) certificateProfile(file string) string {
	a.t.Helper()
	imported, err := profiles.ImportFile(filepath.Join(a.dir, file))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, p := range imported.Profiles {
		if p.Authentication.Type == profiles.Certificate {
			return p.Name
		}
	}
	a.t.Fatalf("%s has no profile for certificates", file)
	return ""
}
