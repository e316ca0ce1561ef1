package main

import (
	"net/netip"
	"slices"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/authority"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/signin/certinspect"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// example is what a command prints with --json.
type example struct {
	command string
	values  []any // several: a stream, one object a line
	partial bool  // not every field can be there at once
}

func moment(hour, minute int) time.Time { return time.Date(2026, 11, 23, hour, minute, 0, 0, time.UTC) }

const exampleServer = "azuregateway-6b1f0f5e.vpn.azure.com:443"

const exampleThumbprint = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c"

func exampleProblem() *tunnel.Problem {
	return &tunnel.Problem{Code: tunnel.PingTimeout, Sentence: "The gateway has not been heard from.", Remedy: "It will be tried again.", Detail: "silent for 30s"}
}

func exampleConnection() *tunnel.Session {
	prefix := func(text string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(text)} }
	return &tunnel.Session{Since: moment(9, 0), Server: exampleServer, Remote: netip.MustParseAddrPort("203.0.113.7:443"),
		Local: netip.MustParseAddrPort("192.168.1.20:51514"), Transport: "tcp", Interface: "footbridge0", Addresses: prefix("172.16.0.2/24"),
		Routes: prefix("10.10.0.0/16"), ExcludedRoutes: prefix("10.10.9.0/24"), DNSServers: []netip.Addr{netip.MustParseAddr("10.10.0.4")},
		DNSSuffixes: []string{"corp.example"}, MTU: 1400, Cipher: "AES-256-GCM", TLSVersion: "TLS 1.3", TLSCipherSuite: "TLS_AES_256_GCM_SHA384",
		GatewayName: "6b1f0f5e.vpn.azure.com"}
}

func exampleSession() api.Session {
	expires, retry := moment(10, 5), moment(9, 31)
	return api.Session{ID: "Q3XF6", UID: 1000, Profile: "Contoso", State: tunnel.Connected, Since: moment(9, 0), Stage: tunnel.Configuring,
		Problem: exampleProblem(), Connection: exampleConnection(), Reconnects: 1, RetryAt: &retry,
		Warnings: []string{"Your certificate ends in 20 days."},
		Overlaps: []api.Overlap{{Prefix: "10.10.0.0/16", Session: "T7AB2", Profile: "Fabrikam", Wins: true}},
		SignIn: &api.SignIn{Account: "alice@contoso.com", Expires: &expires, Needed: true, Message: "Your sign-in was ended by your organisation, or your password was changed.",
			Command: "footbridge sign-in contoso"},
		Machine: "contoso-machine", Suspended: "This network is trusted (corp.example).",
		Traffic:        tunnel.Traffic{BytesIn: 12345678, BytesOut: 2345678, PacketsIn: 9876, PacketsOut: 8765},
		Questions:      []api.Question{{ID: "T7", Kind: api.AskChallenge, Reason: tunnel.ForConnecting, Refused: exampleProblem(), Username: "alice", Text: "Code?", Echo: true, Digest: []byte("digest"), Hash: "SHA-256", PSS: true}},
		WaitingForUser: true}
}

func exampleFinding() findingJSON {
	return toFindingJSON(finding.Finding{Severity: finding.Warning, Code: "unknown-option", File: "vpnconfig.ovpn", Line: 12,
		Problem: "The option is not known.", Remedy: "Check its spelling."})
}

func exampleFailure() failure {
	return failure{Code: "profile-exists", Sentence: "There is a different profile Contoso already.", Remedy: "Replace it with --force, or give this one another name with --name.",
		Command: "sudo footbridge import --machine vpnprofile.zip", Detail: "add profile: there is another"}
}

// examplePolicyProblem is what is wrong with a policy.
const examplePolicyProblem = `read policy: there is no rule "machine_profile_only"`

func examples() []example {
	since, connected, imported := moment(9, 0), moment(8, 1), moment(7, 0)
	names := map[string]string{"dns-suffixes": "corp.example", "include-routes": "10.20.0.0/16"}
	check := diagnosis.Check{ID: diagnosis.ServiceNotRunning, Stage: diagnosis.StageService, Verdict: diagnosis.Failed,
		Sentence: "The Footbridge service is not running.", Remedy: "Start it: sudo systemctl start footbridged.", Who: diagnosis.Administrator,
		Detail: "/run/footbridge/footbridged.sock", Took: 300 * time.Microsecond}
	status := statusResult{newDocument(), "0.1.0", api.Operate, []api.Session{exampleSession()}, 1, examplePolicyProblem}
	list := []example{
		{"errors", []any{newFailureLine(exampleFailure(), exitFailed)}, false},
		{"footbridge import", []any{importResult{newDocument(), true, true,
			[]importedProfile{{"contoso", "Contoso", "vpnprofile.zip", "added", "aad", []string{exampleServer}}}, []findingJSON{exampleFinding()},
			[]importFailure{{"other.zip", exitFailed, exampleFailure()}}, policyAdded}}, false},
		{"footbridge import --from-url", []any{fleetFollowResult{newDocument(), true, "https://vpn.contoso.com/manifest.json", "added", 42, []string{"Contoso"}}}, false},
		{"footbridge list", []any{listResult{newDocument(), true, []listedProfile{{"contoso", "Contoso", true, "aad", []string{exampleServer}, true,
			tunnel.Connected, &since, "Q3XF6"}}, []damagedFile{{"/home/alice/.config/footbridge/profiles/old.json", "old.json.damaged", "it is no profile", ""}}}}, false},
		{"footbridge show", []any{showResult{newDocument(), "contoso", "Contoso", true, "aad", []string{exampleServer}, "tcp",
			&shownEntra{"c632b3df-fb67-4d84-bdcf-b95ad541b5c8", "https://login.microsoftonline.com/TENANT-ID/", "https://sts.windows.net/TENANT-ID/", "APP-ID"},
			&shownCertificate{exampleThumbprint, "Contoso VPN root"}, []shownRoot{{"DigiCert Global Root G2", exampleThumbprint, moment(12, 0)}},
			[]netip.Addr{netip.MustParseAddr("10.10.0.4")}, []string{"corp.example"}, []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")},
			[]netip.Prefix{netip.MustParsePrefix("10.20.9.0/24")}, "[secret]", &imported, "/home/alice/.config/footbridge/profiles/contoso.azurevpnconfig.xml",
			names, []findingJSON{exampleFinding()}}}, false},
		{"footbridge set", []any{setResult{newDocument(), "contoso", "Contoso", true, names}}, false},
		{"footbridge rename", []any{renameResult{newDocument(), "contoso", "Contoso Amsterdam", "Contoso"}}, false},
		{"footbridge remove", []any{removeResult{newDocument(), []removedProfile{{"contoso", "Contoso"}}}}, false},
		{"footbridge export", []any{exportResult{newDocument(), "contoso", "Contoso", "azure", "contoso.xml", "<AzVpnProfile>…</AzVpnProfile>"}}, false},
		{"footbridge status", []any{status}, false},
		{"footbridge status --watch", []any{statusLine{line{"status"}, statusResult{newDocument(), "0.1.0", api.Operate, []api.Session{}, 0, ""}}}, true},
		{"footbridge disconnect", []any{disconnectResult{newDocument(), []disconnectedSession{{"Q3XF6", "Contoso"}}}}, false},
		{"footbridge history", []any{historyResult{newDocument(), []api.Record{{Session: "Q3XF6", UID: 1000, Profile: "Contoso", Machine: "contoso-machine",
			Started: moment(8, 0), Connected: &connected, Ended: moment(9, 30), Server: exampleServer, Traffic: tunnel.Traffic{BytesIn: 12345678, BytesOut: 2345678, PacketsIn: 9876, PacketsOut: 8765},
			Reconnects: 1, Reason: api.EndedByProblem, Problem: exampleProblem()}}}}, false},
		{"footbridge logs", []any{logLine{line{"log"}, api.LogRecord{Time: moment(9, 0), Level: "INFO", Message: "state", Session: "Q3XF6",
			Attributes: map[string]string{"state": "connected"}}}, logLine{line{"log"}, api.LogRecord{Time: moment(9, 1), Level: "WARN", Message: "attempt failed",
			Session: "Q3XF6", Attributes: map[string]string{"code": "gateway-silent"}}}}, false},
		{"footbridge diagnose", []any{diagnoseResult{newDocument(), diagnosis.Result{Profile: "Contoso", Server: exampleServer, Started: moment(9, 0),
			Took: 2 * time.Second, Summary: check, Checks: []diagnosis.Check{check}}}}, false},
		{"footbridge report", []any{reportResult{newDocument(), "report.zip", 48123, []string{"README.txt", "status.json"}, 17, []string{"The service did not answer."}}}, false},
		{"footbridge repair", []any{repairResult{newDocument(), "service", []string{"A route was removed."}, []string{"A rule could not be removed."}}}, false},
		{"footbridge service status", []any{serviceStatusResult{newDocument(), true, "active", "enabled", true, "0.1.0", api.DefaultSocket, examplePolicyProblem}}, false},
		{"footbridge service install, start, stop, uninstall", []any{serviceResult{newDocument(), "install"}}, false},
		{"footbridge fleet status, check", []any{fleetResult{newDocument(), exampleFleet()}}, false},
		{"footbridge fleet leave", []any{fleetLeaveResult{newDocument(), true}}, false},
		{"footbridge fleet publish", []any{fleetPublishResult{newDocument(), "site", 42, "e3b0c442…", "RWQf6L…", []string{"Contoso"},
			[]string{"profile-9f86d081884c.xml", "manifest.json.minisig", "manifest.json"}}}, false},
		{"footbridge deploy", []any{deployResult{newDocument(), "gpo", "contoso-vpn", []string{"Contoso"}, []string{"README.md", "startup.ps1"}}}, false},
		{"footbridge version", []any{versionResult{newDocument(), "0.1.0", 1, "go1.26.8", "linux", "amd64", "0.1.0"}}, false},
	}
	return append(slices.Concat(list, certificateExamples(), signInExamples(), azureExamples()), connectExample(), runExample())
}

// exampleFleet is of a computer whose manifest was damaged on the way.
func exampleFleet() api.Fleet {
	checked, succeeded, next := moment(10, 0), moment(9, 0), moment(10, 1)
	return api.Fleet{Address: "https://vpn.contoso.com/manifest.json", Signed: true, Interval: "1h0m0s", Serial: 42, Checked: &checked, Succeeded: &succeeded,
		Next: &next, Problem: &api.FleetProblem{Code: "corrupted", File: "profile-9f86d081884c.xml", Detail: "it is cut short"}, Profiles: []string{"Contoso"}, Policy: true,
		DropFolder: "/etc/footbridge/profiles.d", Dropped: []string{"Contoso West"},
		Unused: []api.DamagedProfile{{Path: "/etc/footbridge/profiles.d/notes.txt", Sentence: "This is text, but not an OpenVPN configuration."}}}
}

func certificateExamples() []example {
	upload := authority.RootUpload{Name: "Contoso-VPN-root", PublicData: "MIIC…", Portal: "Where to paste it.", CLI: "az network vnet-gateway root-cert create …",
		PowerShell: "Add-AzVpnClientRootCertificate …"}
	report := &certinspect.Report{File: "alice.p12", Subject: "CN=alice", CommonName: "alice", Issuer: "CN=Contoso VPN root", SerialNumber: "1a2b",
		Thumbprint: exampleThumbprint, SHA256: "9f86d081…", NotBefore: moment(0, 0), NotAfter: moment(0, 0).AddDate(1, 0, 0), DaysLeft: 365,
		KeyUsage: []string{"digital signature"}, ExtendedKeyUsage: []string{"client authentication"}, KeyType: "RSA 2048", SignatureAlgorithm: "SHA256-RSA",
		AlternativeNames: []string{"alice@contoso.com"}, UserGroup: "sales", PrivateKey: certinspect.KeyPresent,
		Path:     []certinspect.Certificate{{Subject: "CN=alice", Issuer: "CN=Contoso VPN root", Thumbprint: exampleThumbprint, NotAfter: moment(0, 0).AddDate(1, 0, 0), Root: true, Sent: true}},
		Complete: true, RootThumbprint: exampleThumbprint,
		Findings: []certinspect.Finding{{Severity: certinspect.Warning, Code: certinspect.ExpiresSoon, Sentence: "The certificate ends soon.", Remedy: "Ask for a new one.", Detail: "in 20 days"}}}
	return []example{
		{"footbridge cert inspect", []any{certInspectResult{newDocument(), true, []*certinspect.Report{report}}}, false},
		{"footbridge cert new-root", []any{certNewRootResult{newDocument(), "root.p12", "root.cer", exampleThumbprint, "2036-11-23T00:00:00Z", upload}}, false},
		{"footbridge cert issue", []any{certIssueResult{newDocument(), []issuedCertificate{{authority.Written{Name: "alice", File: "alice.p12", PublicFile: "alice.cer",
			Thumbprint: exampleThumbprint, NotAfter: "2027-11-23T00:00:00Z", Generated: true}, "ABCDE-FGHJK"}}}}, true},
		{"footbridge cert revoke-info", []any{certRevokeInfoResult{newDocument(), authority.Revocation{CommonName: "alice", Name: "alice", Thumbprint: "0F1E2D…",
			Portal: "Where to paste it.", CLI: "az network vnet-gateway revoked-cert create …", PowerShell: "Add-AzVpnClientRevokedCertificate …"}}}, false},
	}
}

// signInExamples are of accounts of Entra ID.
func signInExamples() []example {
	account := []accountJSON{{"alice@contoso.com", "72f988bf-0000-4000-8000-000000000000", "login.microsoftonline.com"}}
	return []example{
		{"footbridge sign-in", []any{signInResult{newDocument(), "Contoso", "alice@contoso.com", moment(10, 5)}}, false},
		{"footbridge sign-out", []any{signOutResult{newDocument(), account}}, false},
		{"footbridge accounts", []any{accountsResult{newDocument(), account}}, false},
	}
}

// connectExample is what connect prints until the connection is up.
func connectExample() example {
	return example{"footbridge connect", []any{
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindState, State: tunnel.Connecting},
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindStage, State: tunnel.Connecting, Stage: tunnel.Handshaking, Server: exampleServer},
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindRetry, State: tunnel.Connecting, Problem: exampleProblem(), Wait: 2},
		secondaryLine{line{"secondary-profile"}, "Contoso", "Contoso West"},
		browserLine{line{"browser"}, "Contoso", "https://login.microsoftonline.com/…", true},
		deviceCodeLine{line{"device-code"}, "Contoso", "K7PQ2XWJM", "https://microsoft.com/devicelogin", moment(9, 15)},
		tunnel.Event{Time: moment(9, 1), Kind: tunnel.KindSession, State: tunnel.Connected, Session: exampleConnection()},
		connectResult{line{"result"}, newDocument(), "Q3XF6", "Contoso", true},
	}, true}
}

// runExample is the events of a connection, as footbridge run prints them.
func runExample() example {
	return example{"footbridge run", []any{
		struct {
			line
			findingJSON
		}{line{"finding"}, exampleFinding()},
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindState, State: tunnel.Connecting},
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindStage, State: tunnel.Connecting, Stage: tunnel.Handshaking, Server: exampleServer},
		tunnel.Event{Time: moment(9, 0), Kind: tunnel.KindRetry, State: tunnel.Connecting, Problem: exampleProblem(), Wait: 2},
		tunnel.Event{Time: moment(9, 1), Kind: tunnel.KindSession, State: tunnel.Connected, Session: exampleConnection()},
		tunnel.Event{Time: moment(9, 2), Kind: tunnel.KindMessage, State: tunnel.Connected, Message: "Maintenance at noon."},
	}, true}
}
