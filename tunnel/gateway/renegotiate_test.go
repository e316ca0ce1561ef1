package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func TestSessionRenegotiates(t *testing.T) {
	for _, byServer := range []bool{true, false} {
		t.Run(fmt.Sprintf("by server %v", byServer), func(t *testing.T) {
			var logins []Login
			c := newConversation(t, func(config *Config) {
				config.RenegotiateAfter = -1
				if byServer {
					config.RenegotiateAfter = time.Hour
				}
				config.TransitionWindow = time.Minute
				config.Authenticate = func(_ context.Context, login Login) (Decision, error) {
					logins = append(logins, login)
					return Decision{Outcome: Accept, Token: keymethod.Secret(fmt.Sprintf("token-%d", len(logins)))}, nil
				}
			})
			c.connect()
			c.useDynamicWrap()
			for i, keyID := range []uint8{1, 2, 3, 4, 5, 6, 7, 1} {
				c.messages = nil
				delete(c.channels, keyID)
				delete(c.server, keyID)
				if byServer {
					c.now = c.now.Add(time.Hour - time.Second)
					c.run()
					if c.channels[keyID] != nil {
						t.Fatal("renegotiates too early")
					}
					c.now = c.now.Add(time.Second)
				} else {
					c.openChannel(keyID)
				}
				c.run()
				if c.keys.inUse != int(keyID) || c.session.current.id != keyID {
					t.Fatalf("key %d in use, %d agreed on, want %d; session ended with %v", c.keys.inUse, c.session.current.id, keyID, c.session.err)
				}
				state, _ := c.channels[keyID].TLSState()
				if want, err := keymethod.Export(&state); err != nil || c.keys.installed[keyID] != want {
					t.Fatalf("the two ends have different keys (%v)", err)
				}
				if len(logins) != i+2 || !logins[i+1].Renegotiation {
					t.Fatalf("logins %v", logins)
				}
				if len(c.messages) != 1 || c.messages[0].Text() != fmt.Sprintf("PUSH_REPLY,auth-token token-%d", i+2) {
					t.Fatalf("messages %v", c.messages)
				}
			}
			c.now = c.now.Add(time.Minute)
			c.session.advance(c.now)
			if last := c.keys.retired[len(c.keys.retired)-1]; last != 7 || c.session.old != nil {
				t.Errorf("retired %v", c.keys.retired)
			}
		})
	}
}

// The old key stays in use while the client cannot have the new one.
func TestSessionSwitchesKeysLate(t *testing.T) {
	c := newConversation(t, nil)
	c.connect()
	c.useDynamicWrap()
	c.openChannel(1)
	for c.session.current.id == 0 {
		c.runOnce()
	}
	c.toServerPaused = true
	c.run()
	if c.keys.inUse != 0 {
		t.Fatal("seals with a key that the client may not have")
	}
	c.toServerPaused = false
	c.run()
	if c.keys.inUse != 1 {
		t.Error("the client has the new key and it is not used")
	}
}

func TestSessionRefusesAtRenegotiation(t *testing.T) {
	c := newConversation(t, nil)
	c.connect()
	c.useDynamicWrap()
	c.faults = &faultState{Faults: Faults{Refuse: &push.AuthFailed{Reason: "account disabled"}}}
	c.messages = nil
	if err := c.session.renegotiate(c.now, true); err != nil {
		t.Fatal(err)
	}
	c.run()
	if len(c.messages) != 1 || c.messages[0].Text() != "AUTH_FAILED,account disabled" || !c.session.over {
		t.Errorf("messages %v, session over %v", c.messages, c.session.over)
	}
}
