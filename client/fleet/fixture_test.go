package fleet

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"aead.dev/minisign"
)

// azureFile is a file such as Azure generates. Different hosts make different profiles.
func azureFile(name, host string) []byte {
	return fmt.Appendf(nil, `<AzVpnProfile xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns="http://schemas.datacontract.org/2004/07/">
  <clientauth>
    <aad>
      <audience>c632b3df-fb67-4d84-bdcf-b95ad541b5c8</audience>
      <issuer>https://sts.windows.net/11111111-2222-3333-4444-555555555555/</issuer>
      <tenant>https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/</tenant>
    </aad>
    <type>aad</type>
  </clientauth>
  <name>%s</name>
  <protocolconfig><sslprotocolConfig><transportprotocol>tcp</transportprotocol></sslprotocolConfig></protocolconfig>
  <serverlist><ServerEntry><fqdn>%s</fqdn></ServerEntry></serverlist>
  <servervalidation>
    <Cert><hash>DF3C24F9BFD666761B268073FE06D1CC8D4F82A4</hash></Cert>
    <serversecret>%s</serversecret>
    <type>cert</type>
  </servervalidation>
  <version>1</version>
</AzVpnProfile>`, name, host, strings.Repeat("00112233445566778899aabbccddeeff", 16))
}

// site is a web server with what an administrator published.
type site struct {
	*httptest.Server
	key minisign.PrivateKey

	mu        sync.Mutex
	files     map[string][]byte
	away      bool
	requests  int // in all
	unchanged int // of them answered with 304
}

func newSite(t testing.TB) *site {
	t.Helper()
	s := &site{files: map[string][]byte{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	var err error
	if _, s.key, err = minisign.GenerateKey(rand.Reader); err != nil {
		t.Fatal(err)
	}
	return s
}

// ServeHTTP implements http.Handler. ETags are of the content.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	data, there := s.files[strings.TrimPrefix(r.URL.Path, "/")]
	etag := fmt.Sprintf("%q", sum(data)[:16])
	switch {
	case s.away:
		w.Header().Set("Retry-After", "600")
		http.Error(w, "maintenance", http.StatusServiceUnavailable)
	case !there:
		http.NotFound(w, r)
	case r.Header.Get("If-None-Match") == etag:
		s.unchanged++
		w.WriteHeader(http.StatusNotModified)
	default:
		w.Header().Set("ETag", etag)
		w.Write(data)
	}
}

func (s *site) change(change func(files map[string][]byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s.files)
}

func (s *site) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// publish puts files there with a signed manifest about them. A file "policy.toml" is the policy.
func (s *site) publish(serial uint64, files map[string][]byte) []byte {
	m := Manifest{Format: Format, Serial: serial, Profiles: []File{}}
	for _, name := range sortedNames(files) {
		file := File{URL: name, SHA256: sum(files[name])}
		if name == policyFile {
			m.Policy = &file
		} else {
			m.Profiles = append(m.Profiles, file)
		}
	}
	return s.publishManifest(m, files)
}

func (s *site) publishManifest(m Manifest, files map[string][]byte) []byte {
	data, _ := json.Marshal(m)
	s.change(func(all map[string][]byte) {
		for name, content := range files {
			all[name] = content
		}
		all["manifest.json"], all["manifest.json.minisig"] = data, minisign.Sign(s.key, data)
	})
	return data
}

func sortedNames(files map[string][]byte) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// signed is the source that trusts the site's key.
func (s *site) signed() *Source {
	return &Source{URL: s.URL + "/manifest.json", PublicKey: s.key.Public().(minisign.PublicKey).String()}
}

// clock is the tests' time.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)} }

func (c *clock) time() time.Time { return c.now }

func newFollower(t testing.TB, s *site, dir string, c *clock) *Follower {
	t.Helper()
	f, err := Open(Options{Dir: dir, Transport: s.Client().Transport, Now: c.time, UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// has compares a follower's profiles, "name host", and whether it has a policy.
func has(t testing.TB, f *Follower, what string, policy bool, wanted ...string) {
	t.Helper()
	entries, damaged, err := f.Profiles()
	if err != nil || len(damaged) > 0 {
		t.Fatal(err, damaged)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name+" "+e.Profile.Servers[0].Host)
	}
	slices.Sort(got)
	if !slices.Equal(got, wanted) {
		t.Fatalf("%s: the profiles are %q, want %q", what, got, wanted)
	}
	if (f.PolicyPath() != "") != policy {
		t.Fatalf("%s: the policy is %q", what, f.PolicyPath())
	}
}

func check(t testing.TB, f *Follower, source *Source, wanted Code) bool {
	t.Helper()
	changed, err := f.Check(t.Context(), source)
	got := Code("")
	if err != nil {
		got = AsProblem(err).Code
	}
	if got != wanted {
		t.Fatalf("the problem is %q (%v), want %q", got, err, wanted)
	}
	if status := f.Status(); (status.Problem != nil) != (wanted != "") || !status.Next.After(status.Checked) {
		t.Fatalf("%+v", status)
	}
	return changed
}
