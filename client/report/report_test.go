package report

import (
	"archive/zip"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host/rtnetlink"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// What is planted: nothing of it may be in an anonymised report, nothing of secrets in any.
const (
	staticKey     = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	password      = `Tr0ub4dor&3 "quoted"`
	proxyPassword = "proxy/pass word"
	tokenText     = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJhdWQiOiJsYWIiLCJ1cG4iOiJhbGljZUBjb250b3NvLmNvbSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
	refreshToken  = "0.AXoAabcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX.AgABAwEAAAD"

	userName    = "wilhelmina"
	email       = "wilhelmina.jansen@contoso-industries.com"
	vnet        = "4fae1c2b-6d3e-4a57-9b10-7c2d8e5f6a01"
	tenant      = "7be0d1aa-93c4-4f0e-8a2b-0d5e6f7a8b9c"
	gatewayFQDN = "azuregateway-4fae1c2b-6d3e-4a57-9b10-7c2d8e5f6a01-9a8b7c6d5e4f.vpn.azure.com"
	fileServer  = "files.corp.contoso-industries.com"
	proxyHost   = "squid.contoso-industries.com"
	publicIP    = "20.61.99.17"
	privateIP   = "10.77.31.200"
	lan         = "192.168.178.0/24"
	lanIP       = "192.168.178.44"
	ipv6        = "2a02:a451:7e3b:1::17"
	hardware    = "8c:16:45:aa:bb:cc"
	subject     = "Contoso Industries P2S Root"
	profileName = "Contoso Head Office"
)

func secrets() []string {
	return []string{strings.Repeat(staticKey, 16), staticKey, password, proxyPassword, tokenText, strings.Split(tokenText, ".")[1], refreshToken}
}

func personal() []string {
	return []string{userName, "jansen", email, vnet, tenant, "9a8b7c6d5e4f", "contoso", fileServer, proxyHost, publicIP, privateIP, "192.168.178", lanIP, ipv6, "2a02:a451", hardware, subject, profileName}
}

// everything is a line of a log with all that there is.
func everything() string {
	return strings.Join([]string{
		"user " + userName + " <" + email + "> on " + lanIP + " (" + hardware + ") dialled " + gatewayFQDN + " at " + publicIP + ":443, [" + ipv6 + "]:443",
		"tenant " + tenant + " subject CN=" + subject + ", O=Contoso Industries, C=NL; file " + fileServer + " is " + privateIP + "/32 in " + lan,
		"password=" + password, "Authorization: Bearer " + tokenText, `{"refresh_token":"` + refreshToken + `","password":"hunter22hunter22"}`,
		"proxy http://" + userName + ":" + url.QueryEscape(proxyPassword) + "@" + proxyHost + ":3128", "raw " + proxyPassword + " end",
		"base64 " + base64.StdEncoding.EncodeToString([]byte("x:"+password)) + " hex " + hex.EncodeToString([]byte(password)) + " url " + url.QueryEscape(password),
		"-----BEGIN OpenVPN Static key V1-----\\n" + strings.Repeat(staticKey+"\\n", 16) + "-----END OpenVPN Static key V1-----",
		"<serversecret>" + strings.Repeat(staticKey, 16) + "</serversecret>", "profile " + profileName, "see https://login.microsoftonline.com/" + tenant + "/v2.0 and 168.63.129.16",
	}, "\n")
}

var _ Service = (*api.Client)(nil)

// tattler is a service that tells everything everywhere.
type tattler struct{}

func (tattler) Status(context.Context) (*api.Snapshot, error) {
	return &api.Snapshot{Service: "1.0", UID: 1000, Role: api.Operate, Sessions: []api.Session{{ID: "s1", Profile: profileName, State: tunnel.Connected,
		Problem:   &tunnel.Problem{Code: tunnel.AuthFailed, Sentence: "No.", Detail: everything()},
		Warnings:  []string{everything()},
		SignIn:    &api.SignIn{Account: email, Message: everything()},
		Questions: []api.Question{{ID: "q", Username: userName, Digest: []byte(password), Text: password}},
		Connection: &tunnel.Session{Server: gatewayFQDN, Remote: netip.MustParseAddrPort(publicIP + ":443"), Interface: "footbridge0", GatewayName: vnet + ".vpn.azure.com",
			Addresses: []netip.Prefix{netip.MustParsePrefix(privateIP + "/24")}, DNSSuffixes: []string{"corp.contoso-industries.com"}}}}}, nil
}

func (tattler) Policy(context.Context) (*api.Policy, error) {
	return &api.Policy{Source: "/etc/footbridge/policy.toml", Problem: everything()}, nil
}

func (tattler) History(context.Context, int) (*api.History, error) {
	return &api.History{Records: []api.Record{{Session: "s0", Profile: profileName, Server: gatewayFQDN, Problem: &tunnel.Problem{Code: tunnel.AuthFailed, Detail: everything()}}}}, nil
}

func (tattler) MachineProfiles(context.Context) (*api.MachineProfiles, error) {
	return &api.MachineProfiles{Profiles: []api.MachineProfile{{ID: "m", Name: profileName, Servers: []string{gatewayFQDN + ":443"}, Issuer: subject,
		Settings: settings.Settings{Proxy: &settings.Proxy{Type: profiles.HTTPProxy, Host: proxyHost, Port: 3128, Username: userName, Password: proxyPassword}}}},
		Damaged: []api.DamagedProfile{{Path: "/etc/footbridge/profiles/x", Sentence: everything()}}}, nil
}

func (tattler) Logs(_ context.Context, _ api.LogQuery, each func(api.LogRecord) error) error {
	for _, level := range []string{"DEBUG", "ERROR"} {
		if err := each(api.LogRecord{Time: time.Now(), Level: level, Message: everything(), Session: "s1", Attributes: map[string]string{"password": password, "error": everything()}}); err != nil {
			return err
		}
	}
	return nil
}

// planted are options with everything in every place.
func planted(t *testing.T) Options {
	t.Helper()
	root, err := pki.NewRoot(subject, pki.ECDSA)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "gui.log")
	write(t, log, everything())
	for name, text := range map[string]string{"etc/resolv.conf": "nameserver " + lanIP + "\nsearch corp.contoso-industries.com\n# " + email + "\n",
		"etc/resolv.conf.before-footbridge": everything(), "etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 12\"\n", "proc/sys/kernel/osrelease": "6.1.0-18-amd64\n"} {
		write(t, filepath.Join(dir, name), text)
	}
	profile := &profiles.Profile{Name: profileName, Servers: []profiles.Server{{Host: gatewayFQDN, Port: 443, DisplayName: profileName}},
		Authentication: profiles.Authentication{Type: profiles.EntraID, Username: userName, Password: password, ClientKey: "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIK\n-----END PRIVATE KEY-----\n",
			Entra: &profiles.Entra{Audience: "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", Issuer: "https://sts.windows.net/" + tenant + "/", Tenant: "https://login.microsoftonline.com/" + tenant}},
		Gateway:        profiles.GatewayIdentity{Roots: []*x509.Certificate{root.Certificate}, RootThumbprints: []string{"df3c24f9bfd666761b268073fe06d1cc8d4f82a4"}},
		ControlChannel: profiles.ControlChannel{Mode: profiles.TLSAuth, Key: secret.Text(strings.Repeat(staticKey, 16)), Digest: "SHA256"},
		DNS:            profiles.DNS{Servers: []netip.Addr{netip.MustParseAddr(privateIP)}, Suffixes: []string{"corp.contoso-industries.com"}},
		IncludeRoutes:  []netip.Prefix{netip.MustParsePrefix("10.77.0.0/16")},
		Proxy:          &profiles.Proxy{Type: profiles.HTTPProxy, Host: proxyHost, Port: 3128, Username: userName, Password: proxyPassword}}
	hint := settings.Settings{Username: userName, LoginHint: email, Proxy: &settings.Proxy{Type: profiles.HTTPProxy, Host: proxyHost, Port: 3128, Username: userName, Password: proxyPassword}}
	kept := true
	computer := &diagnosis.Computer{Links: []diagnosis.Link{{Index: 2, Name: "eth0", Up: true, Hardware: hardware, Addresses: []netip.Prefix{netip.MustParsePrefix(lanIP + "/24"), netip.MustParsePrefix(ipv6 + "/64")}}},
		Routes: []diagnosis.Route{{Prefix: netip.MustParsePrefix("10.77.0.0/16"), Device: "footbridge0", Protocol: rtnetlink.Protocol}, {Prefix: netip.MustParsePrefix(lan), Device: "eth0"}},
		Rules:  []string{"from " + lanIP + " lookup main"}, Names: diagnosis.Names{Manager: "resolv.conf", Search: []string{"corp.contoso-industries.com"}}, ClockKept: &kept}
	return Options{Service: tattler{}, Profiles: []Profile{{Profile: profile, Settings: hint}}, Version: "1.0", Accounts: []string{email}, Root: dir,
		Secrets: []secret.Text{tokenText, refreshToken}, Logs: []Log{{Name: "gui", Path: log}, {Name: "gone", Path: filepath.Join(dir, email)}, {Name: "../x", Path: log}},
		Diagnosis: &diagnosis.Result{Profile: profileName, Server: gatewayFQDN, Summary: diagnosis.Check{ID: diagnosis.SignInRefused, Sentence: "The gateway refuses the sign-in.", Detail: everything()},
			Checks: []diagnosis.Check{{ID: diagnosis.SignInRefused, Stage: diagnosis.StageSignIn, Verdict: diagnosis.Failed, Sentence: "No.", Remedy: "Yes.", Detail: everything()}}},
		Computer: func(context.Context) (*diagnosis.Computer, error) { return computer, nil },
		Environment: func(name string) string {
			return map[string]string{"USER": userName, "HOME": "/home/" + userName, "https_proxy": "http://" + userName + ":" + url.QueryEscape(proxyPassword) + "@" + proxyHost + ":3128", "LANG": "nl_NL.UTF-8"}[name]
		}}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// unpack returns the files of a report, with their names as a part of them.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	files := map[string]string{}
	for _, f := range archive.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		in.Close()
		files[f.Name] = string(data)
	}
	return files
}

// search looks for what must not be there, in every way to write it and whatever the case of its letters.
func search(t *testing.T, files map[string]string, what []string) {
	t.Helper()
	for name, text := range files {
		lower := strings.ToLower(text)
		for _, planted := range what {
			forms := []string{planted, url.QueryEscape(planted), url.PathEscape(planted), hex.EncodeToString([]byte(planted))}
			quoted, _ := json.Marshal(planted)
			forms = append(forms, strings.Trim(string(quoted), `"`))
			for offset := range 3 {
				encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", offset) + planted))
				forms = append(forms, encoded[offset+1:len(encoded)-4])
			}
			for _, form := range forms {
				if i := strings.Index(lower, strings.ToLower(form)); i >= 0 && len(form) > 3 {
					t.Errorf("%s has %q: …%s…", name, form, text[max(0, i-60):min(len(text), i+80)])
					break
				}
			}
		}
	}
}

func TestNothingLeaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.zip")
	written, err := Write(t.Context(), path, planted(t))
	if err != nil {
		t.Fatal(err)
	}
	files := unpack(t, path)
	search(t, files, append(secrets(), personal()...))
	search(t, files, []string{"hunter22hunter22"})
	for _, wanted := range []string{"README.txt", "diagnosis.txt", "diagnosis.json", "status.json", "policy.json", "history.json", "machine-profiles.json", "versions.txt", "network.txt",
		"changes.txt", "profiles/1.txt", "logs/service.log", "logs/gui.log"} {
		if len(files[wanted]) < 20 || !slices.Contains(written.Files, wanted) {
			t.Errorf("%s is missing", wanted)
		}
		if strings.HasSuffix(wanted, ".json") && !json.Valid([]byte(files[wanted])) {
			t.Errorf("%s is no JSON any more", wanted)
		}
	}
	all := ""
	for _, text := range files {
		all += text
	}
	for _, kept := range []string{"168.63.129.16", "login.microsoftonline.com", "sts.windows.net", "c632b3df-fb67-4d84-bdcf-b95ad541b5c8", ".vpn.azure.com", "df3c24f9bfd666761b268073fe06d1cc8d4f82a4",
		"footbridge0", "Debian GNU/Linux 12", "6.1.0-18-amd64", "sign-in-refused"} {
		if !strings.Contains(all, kept) {
			t.Errorf("%s is gone", kept)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 || info.Size() != written.Size {
		t.Errorf("%v, %v", info, err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("beside it is %v", left)
	}
	if !slices.ContainsFunc(written.Missing, func(m string) bool { return strings.Contains(m, "gone") }) || written.Replaced < 10 {
		t.Errorf("%+v", written)
	}
}

func TestPlainReportsHaveNoSecretsEither(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.zip")
	options := planted(t)
	options.Plain = true
	if _, err := Write(t.Context(), path, options); err != nil {
		t.Fatal(err)
	}
	files := unpack(t, path)
	search(t, files, append(secrets(), "hunter22hunter22"))
	for _, wanted := range []string{gatewayFQDN, privateIP, hardware, userName} {
		if !strings.Contains(files["logs/service.log"], wanted) {
			t.Errorf("%s was replaced", wanted)
		}
	}
	if !strings.Contains(files["README.txt"], "whoever gets this report sees them") {
		t.Error("it does not say that it is plain")
	}
}

// broken is a service that says nothing.
type broken struct{ tattler }

func (broken) Status(context.Context) (*api.Snapshot, error) {
	return nil, &api.Error{Code: api.NotRunning, Sentence: "It does not run."} // which is said once, however much was to be asked
}
func (b broken) History(ctx context.Context, _ int) (*api.History, error) {
	_, err := b.Status(ctx)
	return nil, fmt.Errorf("call service: %w", err)
}
func (broken) Policy(context.Context) (*api.Policy, error) {
	return nil, fmt.Errorf("call service: %w", &api.Error{Code: api.NotPermitted, Sentence: "You may not."})
}
func (broken) Logs(context.Context, api.LogQuery, func(api.LogRecord) error) error {
	return errors.New("no log")
}

func TestGoesOnWithoutWhatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.zip")
	write(t, path, "an older one")
	written, err := Write(t.Context(), path, Options{Service: broken{}, Computer: func(context.Context) (*diagnosis.Computer, error) { return nil, errors.New("no network") }})
	if err != nil || len(written.Missing) != 4 || !slices.Contains(written.Missing, withoutService) || !slices.Contains(written.Missing, "The policy: You may not.") {
		t.Fatalf("%+v %v", written, err)
	}
	if readme := unpack(t, path)["README.txt"]; !strings.Contains(readme, withoutService) || !strings.Contains(readme, "no network") {
		t.Error(readme)
	}
	if _, err := Write(t.Context(), filepath.Join(path, "x"), Options{}); err == nil {
		t.Error("a report was written into a file")
	}
}

func TestLogsAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.log")
	write(t, path, strings.Repeat("old line\n", 600_000)+"newest line\n")
	text, err := readTail(path)
	if err != nil || len(text) > maxLog+100 || !strings.HasSuffix(text, "newest line\n") || !strings.HasPrefix(text, "(older") {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if _, err := readTail("/dev/zero"); err == nil {
		t.Error("a device was read")
	}
	var lines tail
	for range 100_000 {
		lines.add(strings.Repeat("x", 100))
	}
	if got := len(lines.String()); got > maxLog+200 {
		t.Errorf("%d bytes", got)
	}
}
