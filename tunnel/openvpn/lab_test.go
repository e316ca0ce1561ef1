package openvpn

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// lab is a client and a server on a path without a network, and a clock that jumps to whatever is due next.
type lab struct {
	t        *testing.T
	now      time.Time
	start    time.Time
	client   *Client
	server   *server
	events   []Event
	received []string
	flights  int                          // how often packets went from the client to the server
	lose     func(up bool, p []byte) bool // nil: nothing gets lost
	answer   func(CredentialNeeded)       // nil: "user", "password"
	seen     func(up bool, packet []byte) // nil
	cut      bool                         // nothing arrives any more
	onEvent  func(event Event)            // nil
}

// authority signs certificates for tests.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: epoch().AddDate(-1, 0, 0), NotAfter: epoch().AddDate(10, 0, 0), KeyUsage: x509.KeyUsageCertSign,
	}
	a.key = newKey(t)
	a.certificate = sign(t, template, template, &a.key.PublicKey, a.key)
	a.pool.AddCert(a.certificate)
	return a
}

func (a *authority) issue(t *testing.T, name string, usage x509.ExtKeyUsage, until time.Time) tls.Certificate {
	t.Helper()
	key := newKey(t)
	leaf := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, NotBefore: epoch().AddDate(-1, 0, 0),
		NotAfter: until, ExtKeyUsage: []x509.ExtKeyUsage{usage}, KeyUsage: x509.KeyUsageDigitalSignature,
	}, a.certificate, &key.PublicKey, a.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// setUp is what a test can change before the session begins.
type setUp struct {
	client Config
	server *server
	tls    *tls.Config // the server's
	wrap   tlswrap.Config
}

// newLab makes a client and a server that would understand each other; change makes them different.
func newLab(t *testing.T, change func(*setUp)) *lab {
	t.Helper()
	ca := newAuthority(t)
	s := &setUp{
		client: Config{Stream: true, TLS: &tls.Config{RootCAs: ca.pool, ServerName: "gateway.example"}, AsksCredential: true, Version: "test", Platform: "linux"},
		server: &server{t: t, cipher: "AES-256-GCM", session: packet.NewSessionID()},
		tls: &tls.Config{
			Certificates: []tls.Certificate{ca.issue(t, "gateway.example", x509.ExtKeyUsageServerAuth, epoch().AddDate(1, 0, 0))}, ClientCAs: ca.pool,
		},
	}
	s.server.options = []string{"topology subnet", "ifconfig 10.8.0.2 255.255.255.0", "route 10.0.0.0 255.0.0.0"}
	if change != nil {
		change(s)
	}
	s.wrap.Server = true
	wrap, err := tlswrap.New(s.wrap)
	if err != nil {
		t.Fatal(err)
	}
	client, err := NewClient(s.client)
	if err != nil {
		t.Fatal(err)
	}
	s.server.wrap, s.server.tls, s.server.stream = wrap, s.tls, s.client.Stream
	s.server.data = datachannel.New(s.client.Stream)
	l := &lab{t: t, now: epoch(), start: epoch(), client: client, server: s.server}
	t.Cleanup(func() {
		l.client.Close(l.now)
		l.client.TransportClosed(l.now, nil)
	})
	return l
}

// pass carries everything that is on its way and reports whether there was anything.
func (l *lab) pass() bool {
	up := l.client.Outgoing()
	if len(up) > 0 {
		l.flights++
	}
	for _, p := range up {
		if l.seen != nil {
			l.seen(true, p)
		}
		if !l.cut && (l.lose == nil || !l.lose(true, p)) {
			l.server.receive(l.now, p)
		}
	}
	down := l.server.outgoing()
	for _, p := range down {
		if l.seen != nil {
			l.seen(false, p)
		}
		if l.cut || l.lose != nil && l.lose(false, p) {
			continue
		}
		if packet.IsData(p) {
			l.openAtClient(p)
			continue
		}
		l.client.Receive(l.now, p)
	}
	l.takeEvents()
	return len(up)+len(down) > 0
}

func (l *lab) takeEvents() {
	for events := l.client.Events(); len(events) > 0; events = l.client.Events() {
		for _, event := range events {
			l.takeEvent(event)
		}
	}
}

func (l *lab) takeEvent(event Event) {
	l.events = append(l.events, event)
	if l.onEvent != nil {
		l.onEvent(event)
	}
	needed, ok := event.(CredentialNeeded)
	switch {
	case !ok:
	case l.answer != nil:
		l.answer(needed)
	default:
		l.client.Provide(l.now, Credential{Username: "user", Password: "password", Response: "123456"})
	}
}

// run lets both ends work until done, or until the clock has moved on by limit.
func (l *lab) run(limit time.Duration, done func() bool) bool {
	l.t.Helper()
	end := l.now.Add(limit)
	for range 100000 {
		l.takeEvents()
		if l.pass() {
			continue
		}
		if done != nil && done() {
			return true
		}
		if stage := l.client.Stage(); stage == StageReset || stage == StageTLS || l.client.next != nil { // TLS may be choosing a certificate
			select {
			case <-l.client.Wake():
				l.client.Advance(l.now)
				continue
			case <-time.After(5 * time.Millisecond):
			}
		}
		next := earlier(l.client.Deadline(), l.server.deadline())
		if next.IsZero() || next.After(end) {
			l.now = end
			return false
		}
		if next.After(l.now) {
			l.now = next
		}
		l.client.Advance(l.now)
		l.server.advance(l.now)
	}
	l.t.Fatal("client or server never comes to rest")
	return false
}

// connect starts the session and waits for it to be established.
func (l *lab) connect() Established {
	l.t.Helper()
	l.client.Start(l.now)
	if !l.run(2*time.Minute, func() bool { return l.client.Stage() == StageEstablished || l.client.Failure() != nil }) || l.client.Failure() != nil {
		l.t.Fatalf("not established: stage %v, failure %v", l.client.Stage(), l.client.Failure())
	}
	established, ok := find[Established](l)
	if !ok {
		l.t.Fatal("no Established event")
	}
	return established
}

// fails starts the session and waits for it to fail.
func (l *lab) fails() *Failure {
	l.t.Helper()
	l.client.Start(l.now)
	return l.ends(5 * time.Minute)
}

// ends waits for a failure.
func (l *lab) ends(limit time.Duration) *Failure {
	l.t.Helper()
	if !l.run(limit, func() bool { return l.client.Failure() != nil }) {
		l.t.Fatalf("session does not fail; stage %v", l.client.Stage())
	}
	failed, ok := find[Failed](l)
	if !ok || failed.Failure != l.client.Failure() {
		l.t.Fatal("no Failed event")
	}
	return failed.Failure
}

// find returns the last event of a type.
func find[E Event](l *lab) (E, bool) {
	l.takeEvents()
	for i := len(l.events) - 1; i >= 0; i-- {
		if event, ok := l.events[i].(E); ok {
			return event, true
		}
	}
	var none E
	return none, false
}

// count is how many events of a type there were.
func count[E Event](l *lab) int {
	l.takeEvents()
	n := 0
	for _, event := range l.events {
		if _, ok := event.(E); ok {
			n++
		}
	}
	return n
}
