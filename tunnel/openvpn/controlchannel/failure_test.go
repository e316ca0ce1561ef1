package controlchannel_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// expectVerificationError checks that this side did not like a certificate for the right reason.
func expectVerificationError[E error](t *testing.T, err error, right func(E) bool) {
	t.Helper()
	var failure *controlchannel.TLSError
	if !errors.As(err, &failure) || failure.Remote || failure.Established {
		t.Fatalf("error %#v", err)
	}
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) {
		t.Fatalf("error %v does not say which certificate", err)
	}
	var reason E
	if !errors.As(err, &reason) || !right(reason) {
		t.Errorf("reason %v", err)
	}
}

// expectAlert checks that the other side sent the alert.
func expectAlert(t *testing.T, err error, want tls.AlertError) {
	t.Helper()
	var failure *controlchannel.TLSError
	if !errors.As(err, &failure) || !failure.Remote || failure.Alert != want {
		t.Errorf("error %v, want alert %d, %v", err, uint8(want), want)
	}
}

func forever() bool { return false }

func TestUnknownRoot(t *testing.T) {
	for version, number := range tlsVersions {
		t.Run(version, func(t *testing.T) {
			client, server := identities(t)
			client.RootCAs, client.MaxVersion = newAuthority(t, start).pool, number
			l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
			l.run(forever)
			expectVerificationError(t, l.client.Err(), func(x509.UnknownAuthorityError) bool { return true })
			expectAlert(t, l.server.Err(), 42) // bad certificate
		})
	}
}

func TestUnwelcomeClient(t *testing.T) {
	stranger, root := newAuthority(t, start), newAuthority(t, start)
	tests := []struct {
		name         string
		certificates []tls.Certificate
		want12       tls.AlertError
		want13       tls.AlertError
	}{
		{"of another root", []tls.Certificate{stranger.issue(t, "laptop", ecdsaKey(t), start)}, 48, 48},        // unknown CA
		{"expired", []tls.Certificate{root.issue(t, "laptop", ecdsaKey(t), start.Add(-24*time.Hour))}, 45, 45}, // certificate expired
		{"none", nil, 40, 116}, // handshake failure, certificate required
	}
	for _, test := range tests {
		for version, number := range tlsVersions {
			t.Run(test.name+", "+version, func(t *testing.T) {
				// GetClientCertificate sends a certificate whatever authorities the server names.
				l := newLink(t,
					controlchannel.Config{TLS: &tls.Config{RootCAs: root.pool, ServerName: "gateway", MaxVersion: number,
						GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
							if len(test.certificates) == 0 {
								return &tls.Certificate{}, nil
							}
							return &test.certificates[0], nil
						}}},
					controlchannel.Config{TLS: &tls.Config{ClientCAs: root.pool, ClientAuth: tls.RequireAndVerifyClientCert,
						Certificates: []tls.Certificate{root.issue(t, "gateway", ecdsaKey(t), start)}}})
				for l.client.Err() == nil {
					l.runAwake()
				}
				want := test.want12
				if number == tls.VersionTLS13 {
					want = test.want13
				}
				expectAlert(t, l.client.Err(), want)
				var failure *controlchannel.TLSError
				if errors.As(l.client.Err(), &failure) && failure.Established != (number == tls.VersionTLS13) {
					t.Errorf("established: %v", failure.Established)
				}
				if l.server.Err() == nil {
					t.Error("the server carries on")
				}
			})
		}
	}
}

func TestNoCommonVersion(t *testing.T) {
	client, server := identities(t)
	client.MaxVersion, server.MinVersion = tls.VersionTLS12, tls.VersionTLS13
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.run(forever)
	expectAlert(t, l.client.Err(), 70) // protocol version
}

func TestVerifyConnectionRefuses(t *testing.T) {
	client, server := identities(t)
	pinned := errors.New("not the profile's gateway")
	client.VerifyConnection = func(tls.ConnectionState) error { return pinned }
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.client.Write([]byte("the password"))
	l.run(forever)
	if !errors.Is(l.client.Err(), pinned) {
		t.Errorf("error %v", l.client.Err())
	}
	if len(l.server.received) > 0 {
		t.Error("the gateway was told the password")
	}
	expectAlert(t, l.server.Err(), 42)
}

func TestNobodyAnswers(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client, RetransmitAfter: 4 * time.Second, Window: 30 * time.Second}, controlchannel.Config{TLS: server})
	var sent []time.Duration
	l.fate = func(towards *end, _ []byte) (int, time.Duration) {
		if towards == l.server {
			sent = append(sent, l.now.Sub(start))
		}
		return 0, 0
	}
	l.run(func() bool { return l.client.Err() != nil })
	if err := l.client.Err(); !errors.Is(err, controlchannel.ErrNoAnswer) || l.now.Sub(start) != 30*time.Second {
		t.Errorf("after %v: %v", l.now.Sub(start), err)
	}
	if want := []time.Duration{0, 4 * time.Second, 12 * time.Second, 28 * time.Second}; len(sent) != len(want) || sent[3] != want[3] {
		t.Errorf("resets at %v, want %v", sent, want)
	}
	if !l.client.Deadline().IsZero() || len(l.client.Outgoing()) > 0 {
		t.Error("a dead channel has something to do")
	}
}

func TestTLSStalls(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.fate = func(towards *end, wire []byte) (int, time.Duration) {
		opcode, _ := packet.ParseFirstByte(wire[0])
		if towards == l.client && opcode == packet.ControlV1 {
			return 0, 0
		}
		return 1, 0
	}
	l.run(func() bool { return l.client.Err() != nil && l.server.Err() != nil })
	if err := l.client.Err(); !errors.Is(err, controlchannel.ErrTLSStalled) {
		t.Errorf("client: %v", err)
	}
	if err := l.server.Err(); !errors.Is(err, controlchannel.ErrTLSStalled) {
		t.Errorf("server: %v", err)
	}
	if l.now.Sub(start) != controlchannel.DefaultWindow {
		t.Errorf("after %v", l.now.Sub(start))
	}
}

func TestGarbageInsteadOfTLS(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.send()
	l.deliver()
	l.send()
	l.deliver()
	l.client.Receive(l.now, packet.Control{Opcode: packet.ControlV1, Session: l.client.RemoteSession(), ID: 1, Payload: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")})
	var failure *controlchannel.TLSError
	var header tls.RecordHeaderError
	if err := l.client.Err(); !errors.As(err, &failure) || failure.Remote || !errors.As(err, &header) {
		t.Errorf("error %v", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	client, _ := identities(t)
	id := packet.NewSessionID()
	for name, config := range map[string]controlchannel.Config{
		"no TLS":                      {LocalSession: id},
		"no session":                  {TLS: client},
		"key id 8":                    {TLS: client, LocalSession: id, RemoteSession: id, KeyID: 8},
		"renegotiation with nobody":   {TLS: client, LocalSession: id, KeyID: 1},
		"client after the resets":     {TLS: client, LocalSession: id, RemoteSession: id, ResetsDone: true},
		"server of nobody thereafter": {Role: controlchannel.Server, TLS: client, LocalSession: id, ResetsDone: true},
	} {
		if channel, err := controlchannel.New(config, start); err == nil {
			channel.Close()
			t.Errorf("%s is accepted", name)
		}
	}
}
