package service

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

func wantCode(t *testing.T, err error, code api.Code) {
	t.Helper()
	var refusal *api.Error
	if !errors.As(err, &refusal) || refusal.Code != code || refusal.Sentence == "" {
		t.Errorf("got %v, want %s", err, code)
	}
}

// signQuestion finds a question for a signature in a message.
func signQuestion(m api.Message) *api.Question {
	if m.Change == nil || m.Change.Session == nil {
		return nil
	}
	for _, question := range m.Change.Session.Questions {
		if question.Kind == api.AskSign {
			return &question
		}
	}
	return nil
}

func inState(state tunnel.State) func(api.Message) bool {
	return func(m api.Message) bool {
		return m.Change != nil && m.Change.Session != nil && m.Change.Session.State == state
	}
}

// A key that stays with its owner signs the handshake; nobody else may answer for the owner, see the session or end it.
func TestOwnerSignsAndOthersMayNot(t *testing.T) {
	r := newRig(t)
	profile, identity := serveGateway(t)
	owner, other := r.as(alice), r.as(bob)
	otherEvents, _ := r.watch(other)
	await(t, otherEvents, "snapshot", func(m api.Message) bool { return m.Snapshot != nil && m.Number == 1 })

	started, err := owner.Connect(t.Context(), api.ConnectRequest{Profile: profile, Certificate: string(identity.CertificatePEM())})
	if err != nil {
		t.Fatal(err)
	}
	if started.UID != alice {
		t.Errorf("the owner is %d", started.UID)
	}
	_, err = owner.Connect(t.Context(), api.ConnectRequest{Profile: profile, Certificate: string(identity.CertificatePEM())})
	wantCode(t, err, api.AlreadyConnected)

	// Nobody of the owner is there: the question waits, and the state says so.
	deadline := time.Now().Add(20 * time.Second)
	for waiting := false; !waiting; {
		snapshot, err := owner.Status(t.Context())
		if err != nil || time.Now().After(deadline) || len(snapshot.Sessions) != 1 {
			t.Fatalf("no question waits: %+v, %v", snapshot, err)
		}
		waiting = snapshot.Sessions[0].WaitingForUser
	}
	events, _ := r.watch(owner)
	first := await(t, events, "snapshot", func(m api.Message) bool { return m.Snapshot != nil })
	if first.Number != 1 || len(first.Snapshot.Sessions) != 1 || first.Snapshot.Sessions[0].WaitingForUser {
		t.Fatalf("first message is %+v", first.Snapshot)
	}
	question := first.Snapshot.Sessions[0].Questions[0]

	wantCode(t, other.Answer(t.Context(), question.ID, api.Answer{Cancel: true}), api.NotFound)
	wantCode(t, r.as(0).Answer(t.Context(), question.ID, api.Answer{Cancel: true}), api.NotFound)
	wantCode(t, other.Disconnect(t.Context(), started.ID), api.NotPermitted)
	wantCode(t, other.SetSignIn(t.Context(), started.ID, api.SignIn{Account: "mallory"}), api.NotFound)
	snapshot, err := other.Status(t.Context())
	if err != nil || len(snapshot.Sessions) != 0 || snapshot.Others != 1 {
		t.Errorf("the other user sees %+v, %v", snapshot, err)
	}

	hash := crypto.Hash(0)
	if question.Hash == crypto.SHA256.String() {
		hash = crypto.SHA256
	}
	signature, err := identity.Key.Sign(rand.Reader, question.Digest, hash)
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Answer(t.Context(), question.ID, api.Answer{Signature: signature}); err != nil {
		t.Fatal(err)
	}
	connected := await(t, events, "connected", inState(tunnel.Connected)).Change.Session
	if len(connected.Questions) != 0 {
		t.Errorf("questions are left: %+v", connected.Questions)
	}
	wantCode(t, owner.Answer(t.Context(), question.ID, api.Answer{Signature: signature}), api.NotFound)
	if err := owner.Disconnect(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	await(t, events, "removal", func(m api.Message) bool { return m.Change != nil && m.Change.Removed == started.ID })
	r.stop()
	for len(otherEvents) > 0 {
		if m := <-otherEvents; m.Change != nil && m.Change.Others == nil {
			t.Errorf("the other user was told %+v", m.Change)
		}
	}
}

func TestSessionEndsWithItsProgramWhereAskedTo(t *testing.T) {
	r := newRig(t)
	profile, identity := serveGateway(t)
	root, owner := r.as(0), r.as(alice)
	all, _ := r.watch(root)
	events, stop := r.watch(owner)
	await(t, events, "snapshot", func(m api.Message) bool { return m.Snapshot != nil })
	started, err := owner.Connect(t.Context(), api.ConnectRequest{Profile: profile, Certificate: string(identity.CertificatePEM()), EndWithMe: true})
	if err != nil {
		t.Fatal(err)
	}
	await(t, events, "question", func(m api.Message) bool { return signQuestion(m) != nil })
	stop()
	await(t, all, "removal", func(m api.Message) bool {
		if signQuestion(m) != nil {
			t.Error("root is shown a user's question")
		}
		return m.Change != nil && m.Change.Removed == started.ID
	})
}

func TestRefusesWhoMayNotConnect(t *testing.T) {
	r := newRig(t)
	client := r.as(daemon)
	_, err := client.Connect(t.Context(), api.ConnectRequest{})
	wantCode(t, err, api.NotPermitted)
	wantCode(t, client.Disconnect(t.Context(), "x"), api.NotPermitted)
	wantCode(t, client.Answer(t.Context(), "x", api.Answer{}), api.NotPermitted)
	snapshot, err := client.Status(t.Context())
	if err != nil || snapshot.Role != api.Observe || snapshot.UID != daemon {
		t.Errorf("status is %+v, %v", snapshot, err)
	}
}

func TestRefusesWrongRequests(t *testing.T) {
	r := newRig(t)
	profile, identity := serveGateway(t)
	key, err := identity.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	client := r.as(alice)
	_, err = client.Connect(t.Context(), api.ConnectRequest{Profile: []byte("no profile")})
	wantCode(t, err, api.BadProfile)
	_, err = client.Connect(t.Context(), api.ConnectRequest{Profile: profile, Completion: []byte(`{"sha256":"of another"}`)})
	wantCode(t, err, api.BadProfile)
	_, err = client.Connect(t.Context(), api.ConnectRequest{Profile: profile, Settings: &settings.Revealed{Transport: "sctp"}})
	wantCode(t, err, api.BadProfile)
	_, err = client.Connect(t.Context(), api.ConnectRequest{MachineProfile: "none"})
	wantCode(t, err, api.NotFound)
	_, err = client.Connect(t.Context(), api.ConnectRequest{Profile: profile, Certificate: string(key)})
	wantCode(t, err, api.BadCertificate)

	for name, test := range map[string]struct {
		method, path, body string
		status             int
	}{
		"malformed":       {"POST", api.PathSessions, `{"profile":`, http.StatusBadRequest},
		"unknown field":   {"POST", api.PathSessions, `{"path":"/etc/shadow"}`, http.StatusBadRequest},
		"two values":      {"POST", api.PathSessions, `{}{}`, http.StatusBadRequest},
		"huge answer":     {"POST", api.PathQuestion + "x", `{"password":"` + strings.Repeat("x", api.MaxAnswer) + `"}`, http.StatusRequestEntityTooLarge},
		"huge profile":    {"POST", api.PathSessions, `{"profile":"` + strings.Repeat("A", api.MaxRequest) + `"}`, http.StatusRequestEntityTooLarge},
		"unknown path":    {"GET", "/v2/status", "", http.StatusNotFound},
		"unknown session": {"DELETE", api.PathSession + "x", "", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := r.dial(alice)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			request, _ := http.NewRequest(test.method, "http://footbridge"+test.path, strings.NewReader(test.body))
			go request.Write(conn)
			response, err := http.ReadResponse(bufio.NewReader(conn), request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || !bytes.Contains(body, []byte(`"sentence"`)) {
				t.Errorf("answered %s: %s", response.Status, body)
			}
		})
	}
}

func TestEndsSlowRequestsAndLimitsConnections(t *testing.T) {
	r := newRig(t)
	conn, err := r.dial(alice)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("GET /v1/status HTTP/1.1\r\nHost:"))
	for range maxConnectionsPerUser - 1 {
		more, err := r.dial(alice)
		if err != nil {
			t.Fatal(err)
		}
		defer more.Close()
	}
	if _, err := r.as(alice).Status(t.Context()); err == nil {
		t.Error("one connection too many was served")
	}
	if _, err := r.as(bob).Status(t.Context()); err != nil {
		t.Errorf("another user is not served: %v", err)
	}
	conn.SetReadDeadline(time.Now().Add(4 * headerTimeout))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("a request that never ends is not ended: %v", err)
	}
}

// A reader that does not read is neither waited for nor remembered for: it gets a snapshot when it is back.
func TestSlowReaderGetsSnapshot(t *testing.T) {
	s := New(Options{})
	slow, _ := s.join(alice, api.Operate)
	s.mu.Lock()
	for range 2 * streamQueue {
		slow.send(api.Change{Removed: "x"})
	}
	s.mu.Unlock()
	select {
	case <-slow.behind:
	default:
		t.Fatal("the reader is not known to be behind")
	}
	if s.resync(slow) == nil || len(slow.queue) != 0 || len(slow.behind) != 0 {
		t.Error("old changes are left")
	}
	s.leave(slow)
}

func TestClientSaysThatServiceIsMissing(t *testing.T) {
	_, err := api.Dial(t.TempDir() + "/none").Status(context.Background())
	wantCode(t, err, api.NotRunning)
}
