package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"testing"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

func TestSessionFaults(t *testing.T) {
	t.Run("reset after reset", func(t *testing.T) {
		c := newConversation(t, nil)
		c.faults.ResetAfterReset = true
		if err := c.begin(); !errors.Is(err, errReset) {
			t.Errorf("error %v", err)
		}
	})
	resets := []struct {
		name   string
		faults Faults
		change func(*conversation)
		reset  bool
	}{
		{"after key material", Faults{ResetAfterKeyMaterial: true}, nil, true},
		{"over another hello than Azure's", Faults{RequireAzureHello: true}, nil, true},
		{"over a long TLS hello", Faults{ResetOnLongHello: true}, nil, true},
		{"not over a short TLS hello", Faults{ResetOnLongHello: true}, func(c *conversation) { c.clientTLS.CurvePreferences = []tls.CurveID{tls.X25519} }, false},
	}
	for _, test := range resets {
		t.Run("reset "+test.name, func(t *testing.T) {
			c := newConversation(t, nil)
			c.faults.Faults = test.faults
			if test.change != nil {
				test.change(c)
			}
			if err := c.begin(); err != nil {
				t.Fatal(err)
			}
			c.run()
			if errors.Is(c.session.err, errReset) != test.reset || c.session.over != test.reset || c.joined == test.reset {
				t.Errorf("session ended with %v, joined %v", c.session.err, c.joined)
			}
		})
	}
	t.Run("stall in TLS", func(t *testing.T) {
		c := newConversation(t, nil)
		c.faults.StallTLS = true
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		c.run()
		if c.channels[0].RemoteSession().IsZero() || c.session.over || c.session.current != nil {
			t.Errorf("reset not answered, or more than that: %v", c.session.err)
		}
	})
	t.Run("refuse after successes", func(t *testing.T) {
		faults := &faultState{Faults: Faults{Refuse: &push.AuthFailed{Reason: "enough"}, RefuseAfter: 2}}
		for i, want := range []bool{true, true, false, false} {
			c := newConversation(t, nil)
			c.faults = faults
			if err := c.begin(); err != nil {
				t.Fatal(err)
			}
			c.run()
			if c.joined != want {
				t.Errorf("login %d: joined %v", i+1, c.joined)
			}
		}
	})
	t.Run("withhold the configuration", func(t *testing.T) {
		c := newConversation(t, nil)
		c.faults.WithholdPush = true
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		c.run()
		c.say(0, push.Request{})
		c.run()
		if len(c.messages) != 0 || !c.joined {
			t.Errorf("messages %v", c.messages)
		}
		c.faults.WithholdPush = false
		c.say(0, push.Request{})
		c.run()
		c.pushed()
	})
	t.Run("corrupt control packets", func(t *testing.T) {
		faults := &faultState{Faults: Faults{CorruptControl: 2}}
		packets := [][]byte{{1}, {1}, {1}, {1}}
		faults.corruptPackets(packets)
		if fmt.Sprint(packets) != "[[1] [0] [1] [0]]" {
			t.Errorf("packets %v", packets)
		}
	})
}
