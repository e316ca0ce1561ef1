package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/loopback"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

const gatewayName = "gateway.example.com"

// A service that was killed under a tunnel leaves nothing once it has started again; on SIGTERM it leaves nothing itself.
func TestKilledServicePutsComputerRight(t *testing.T) {
	netnstest.RequireRoot(t)
	namespace := netnstest.New(t, "service")
	if err := errors.Join(namespace.SetUp("lo"), namespace.IsolateFiles(map[string]string{"resolv.conf": "nameserver 192.0.2.53\n"})); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "footbridged")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	profile, user := serveGateway(t, namespace)
	before := configuration(t, namespace)

	dir := t.TempDir()
	killed := start(t, namespace, program, dir)
	connect(t, dir, profile, user)
	if configuration(t, namespace) == before {
		t.Fatal("the tunnel changed nothing")
	}
	killed.Process.Kill()
	killed.Wait()

	second := start(t, namespace, program, dir)
	if after := configuration(t, namespace); after != before {
		t.Errorf("after the restart:\n%s\nbefore:\n%s", after, before)
	}
	connect(t, dir, profile, user)
	second.Process.Signal(syscall.SIGTERM)
	if err := second.Wait(); err != nil {
		t.Errorf("the service ended with %v", err)
	}
	if after := configuration(t, namespace); after != before {
		t.Errorf("after the end:\n%s\nbefore:\n%s", after, before)
	}
}

func configuration(t *testing.T, namespace *netns.Namespace) string {
	t.Helper()
	text, err := namespace.Configuration()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// start runs the service and returns when it answers.
func start(t *testing.T, namespace *netns.Namespace, program, dir string) *exec.Cmd {
	t.Helper()
	command := namespace.Command(context.Background(), program, "run", "--socket", filepath.Join(dir, "socket"), "--state-dir", dir, "--config", filepath.Join(dir, "policy.toml"), "--profiles", filepath.Join(dir, "profiles"))
	var log strings.Builder
	command.Stderr = &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	client := api.Dial(filepath.Join(dir, "socket"))
	defer client.Close()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := client.Status(t.Context()); err == nil {
			return command
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// connect waits until the tunnel is up, signing what it is asked to.
func connect(t *testing.T, dir string, profile []byte, user *pki.Identity) {
	t.Helper()
	client := api.Dial(filepath.Join(dir, "socket"))
	defer client.Close()
	if _, err := client.Connect(t.Context(), api.ConnectRequest{Profile: profile, Certificate: string(user.CertificatePEM())}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := client.Events(ctx, func(m api.Message) error {
		var sessions []api.Session
		if m.Snapshot != nil {
			sessions = m.Snapshot.Sessions
		} else if m.Change.Session != nil {
			sessions = append(sessions, *m.Change.Session)
		}
		for _, session := range sessions {
			if session.State == tunnel.Connected {
				return errConnected
			}
			for _, question := range session.Questions {
				signature, err := user.Key.Sign(rand.Reader, question.Digest, crypto.SHA256)
				if err != nil {
					return err
				}
				client.Answer(ctx, question.ID, api.Answer{Signature: signature}) // it may be answered already
			}
		}
		return nil
	})
	if !errors.Is(err, errConnected) {
		t.Fatal(err)
	}
}

var errConnected = errors.New("connected")

func serveGateway(t *testing.T, namespace *netns.Namespace) ([]byte, *pki.Identity) {
	t.Helper()
	listener, err := namespace.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := loopback.Start(listener, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(gateway.Close)
	return gateway.Profile(), gateway.User
}
