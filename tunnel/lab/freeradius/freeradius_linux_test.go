package freeradius_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"layeh.com/radius"
	"layeh.com/radius/rfc2865"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

func start(t *testing.T, options freeradius.Options) *freeradius.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	server, err := freeradius.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// ask asks the server about a user.
func ask(t *testing.T, server *freeradius.Server, username, password string, state []byte) *radius.Packet {
	t.Helper()
	packet := radius.New(radius.CodeAccessRequest, []byte(server.Secret()))
	for _, err := range []error{
		rfc2865.UserName_SetString(packet, username), rfc2865.UserPassword_SetString(packet, password),
		rfc2865.NASIdentifier_SetString(packet, "test"), rfc2865.State_Set(packet, state),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if state == nil {
		packet.Del(rfc2865.State_Type)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	answer, err := radius.Exchange(ctx, packet, server.Address().String())
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(server.Log(), "\n"))
	}
	return answer
}

func TestUsers(t *testing.T) {
	server := start(t, freeradius.Options{Delay: 700 * time.Millisecond})
	for _, test := range []struct {
		name, username, password string
		code                     radius.Code
		message                  string
		least                    time.Duration
	}{
		{"right", freeradius.Alice, freeradius.AlicePassword, radius.CodeAccessAccept, "", 0},
		{"wrong", freeradius.Alice, "a guess", radius.CodeAccessReject, "", 0},
		{"unknown", "mallory", "a guess", radius.CodeAccessReject, "", 0},
		{"expired", freeradius.Erin, freeradius.ErinPassword, radius.CodeAccessReject, freeradius.ExpiredMessage, 0},
		{"delayed", freeradius.Paul, freeradius.PaulPassword, radius.CodeAccessAccept, "", 700 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun := time.Now()
			answer := ask(t, server, test.username, test.password, nil)
			if message := rfc2865.ReplyMessage_GetString(answer); answer.Code != test.code || message != test.message {
				t.Errorf("answer %v, %q", answer.Code, message)
			}
			if took := time.Since(begun); took < test.least {
				t.Errorf("answered after %v", took)
			}
		})
	}
	t.Run("delay can be changed", func(t *testing.T) {
		if err := server.SetDelay(0); err != nil {
			t.Fatal(err)
		}
		if answer := ask(t, server, freeradius.Paul, freeradius.PaulPassword, nil); answer.Code != radius.CodeAccessAccept {
			t.Errorf("answer %v", answer.Code)
		}
	})
	t.Run("challenge", func(t *testing.T) {
		if answer := ask(t, server, freeradius.Carol, "a guess", nil); answer.Code != radius.CodeAccessReject {
			t.Errorf("wrong password: %v", answer.Code)
		}
		for code, want := range map[string]radius.Code{freeradius.CarolCode: radius.CodeAccessAccept, "111111": radius.CodeAccessReject, freeradius.CarolPassword: radius.CodeAccessReject} {
			question := ask(t, server, freeradius.Carol, freeradius.CarolPassword, nil)
			state := rfc2865.State_Get(question)
			if question.Code != radius.CodeAccessChallenge || rfc2865.ReplyMessage_GetString(question) != freeradius.ChallengeText || len(state) == 0 {
				t.Fatalf("question %v, %q, %q\n%s", question.Code, rfc2865.ReplyMessage_GetString(question), state, strings.Join(server.Log(), "\n"))
			}
			if answer := ask(t, server, freeradius.Carol, code, state); answer.Code != want {
				t.Errorf("answer to %s: %v", code, answer.Code)
			}
		}
		if answer := ask(t, server, freeradius.Carol, freeradius.CarolCode, []byte("a state of nobody")); answer.Code != radius.CodeAccessReject {
			t.Errorf("strange state: %v", answer.Code)
		}
	})
	for _, line := range server.Log() {
		for _, secret := range []string{freeradius.AlicePassword, freeradius.CarolPassword, freeradius.CarolCode, server.Secret(), "a guess"} {
			if strings.Contains(line, secret) {
				t.Errorf("the log says %q", line)
			}
		}
	}
}

func TestInNamespace(t *testing.T) {
	namespace := netnstest.New(t, "radius")
	server := start(t, freeradius.Options{Namespace: namespace})
	output, err := namespace.Command(t.Context(), "ss", "-Hlun").CombinedOutput()
	if err != nil || !strings.Contains(string(output), server.Address().String()) {
		t.Errorf("sockets in the namespace: %s, %v", output, err)
	}
	for range 2 {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for name, options := range map[string]freeradius.Options{
		"secret":    {Secret: `a"quote`},
		"directory": {Directory: "/dev/null/radius"},
	} {
		if server, err := freeradius.Start(t.Context(), options); err == nil {
			server.Stop()
			t.Errorf("%s: no error", name)
		}
	}
}
