package controlchannel_test

import (
	"crypto"
	"crypto/tls"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// askingSigner signs when the test says so, as a card does when its owner has typed the PIN.
type askingSigner struct {
	crypto.Signer
	asked  chan struct{}
	answer chan error
}

func newAskingSigner(key crypto.Signer) *askingSigner {
	return &askingSigner{key, make(chan struct{}, 1), make(chan error)}
}

func (s *askingSigner) Sign(random io.Reader, digest []byte, options crypto.SignerOpts) ([]byte, error) {
	s.asked <- struct{}{}
	if err := <-s.answer; err != nil {
		return nil, err
	}
	return s.Signer.Sign(random, digest, options)
}

// slowLink is a link whose client's key is an askingSigner, settled up to where that is asked.
func slowLink(t *testing.T, key crypto.Signer, version uint16) (*link, *askingSigner) {
	t.Helper()
	client, server := identities(t)
	root := newAuthority(t, start)
	signer := newAskingSigner(key)
	client.MaxVersion = version
	client.Certificates = []tls.Certificate{root.issue(t, "laptop", signer.Signer, start)}
	client.Certificates[0].PrivateKey = signer
	server.ClientCAs = root.pool
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.settle()
	waitFor(t, signer.asked)
	return l, signer
}

func waitFor(t *testing.T, event <-chan struct{}) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened")
	}
}

func TestSlowSigner(t *testing.T) {
	for version, number := range tlsVersions {
		for kind, key := range map[string]crypto.Signer{"RSA": rsaKey(), "ECDSA": ecdsaKey(t)} {
			t.Run(version+", "+kind, func(t *testing.T) {
				l, signer := slowLink(t, key, number)
				// While it is asked, the channel answers calls and acknowledges what arrives.
				for range 30 {
					l.now = l.now.Add(time.Second)
					l.client.Advance(l.now)
					l.server.Advance(l.now)
					l.settle()
				}
				if l.established() || l.client.Err() != nil {
					t.Fatalf("established %v, error %v", l.established(), l.client.Err())
				}
				if !l.server.Delivered() {
					t.Error("the client does not acknowledge while it waits for a signature")
				}
				signer.answer <- nil
				l.runAwake()
				if !l.established() {
					t.Fatalf("not established: %v, %v", l.client.Err(), l.server.Err())
				}
				l.converse(1000)
			})
		}
	}
}

func TestSlowSignerRefuses(t *testing.T) {
	l, signer := slowLink(t, ecdsaKey(t), tls.VersionTLS13)
	cancelled := errors.New("the user said no")
	signer.answer <- cancelled
	l.runAwake()
	var failure *controlchannel.TLSError
	if err := l.client.Err(); !errors.As(err, &failure) || failure.Remote || failure.Established {
		t.Errorf("error %v", err)
	}
}

func TestSlowSignerIsTooSlow(t *testing.T) {
	l, signer := slowLink(t, ecdsaKey(t), tls.VersionTLS13)
	l.now = start.Add(controlchannel.DefaultWindow)
	l.client.Advance(l.now)
	if err := l.client.Err(); !errors.Is(err, controlchannel.ErrSignatureStalled) {
		t.Errorf("error %v", err)
	}
	close(signer.answer) // its goroutine ends now; newLink looks
}

func TestCloseDoesNotWaitForASigner(t *testing.T) {
	l, signer := slowLink(t, ecdsaKey(t), tls.VersionTLS13)
	l.client.Close()
	if !errors.Is(l.client.Err(), controlchannel.ErrClosed) {
		t.Errorf("error %v", l.client.Err())
	}
	close(signer.answer)
	select {
	case <-l.client.woken:
		t.Error("a closed channel wakes its owner")
	default:
	}
}

func TestABacklogIsBounded(t *testing.T) {
	l, signer := slowLink(t, ecdsaKey(t), tls.VersionTLS13)
	defer close(signer.answer)
	session := l.client.RemoteSession()
	var accepted int
	for id := uint32(10); id < 1000; id++ {
		l.client.Receive(l.now, packet.Control{Opcode: packet.ControlV1, Session: session, ID: id, Payload: make([]byte, 1000)})
		for _, wire := range l.client.Outgoing() {
			c, err := l.server.wrap.Unwrap(l.now, wire)
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Acks) > 0 && c.Acks[0] == id {
				accepted++
			}
		}
	}
	if accepted > 300 {
		t.Errorf("%d KB were kept", accepted)
	}
}

func TestSlowClientCertificate(t *testing.T) {
	client, server := identities(t)
	certificate, asked, answer := client.Certificates[0], make(chan struct{}), make(chan struct{})
	client.Certificates = nil
	client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked <- struct{}{}
		<-answer
		return &certificate, nil
	}
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.settle()
	waitFor(t, asked)
	answer <- struct{}{}
	l.runAwake()
	if !l.established() {
		t.Fatalf("not established: %v, %v", l.client.Err(), l.server.Err())
	}
}

func TestSlowClientCertificateIsToldOfTheEnd(t *testing.T) {
	client, server := identities(t)
	asked, told := make(chan struct{}), make(chan struct{})
	client.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked <- struct{}{}
		<-request.Context().Done()
		close(told)
		return nil, request.Context().Err()
	}
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.settle()
	waitFor(t, asked)
	l.client.Close()
	waitFor(t, told)
}

func TestClosingAnywhereLeavesNoGoroutine(t *testing.T) {
	for packets := range 12 {
		t.Run("", func(t *testing.T) {
			client, server := identities(t)
			l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
			for range packets {
				l.send()
				if len(l.flying) == 0 {
					break
				}
				first := l.flying[0]
				rest := l.flying[1:]
				l.flying = []flight{first}
				l.deliver()
				l.flying = append(rest, l.flying...)
			}
			l.client.Close()
			l.server.Close()
			l.client.Close()
			l.client.Write([]byte("late"))
			l.client.Advance(l.now.Add(time.Hour))
			l.client.Receive(l.now, packet.Control{Opcode: packet.ControlV1, ID: 1})
			if !errors.Is(l.client.Err(), controlchannel.ErrClosed) || len(l.client.Outgoing()) > 0 || !l.client.Deadline().IsZero() {
				t.Errorf("error %v, deadline %v", l.client.Err(), l.client.Deadline())
			}
			runtime.Gosched()
		})
	}
}
