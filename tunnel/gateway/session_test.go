package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

func TestSessionSignsIn(t *testing.T) {
	key := tlswrap.GenerateStaticKey()
	serverKey := tlswrap.GenerateServerKey()
	clientKey, err := serverKey.NewClientKey(tlswrap.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	wraps := []tlswrap.Config{
		{Mode: tlswrap.None},
		{Mode: tlswrap.Auth, Key: key, Digest: "SHA512", Direction: tlswrap.Normal},
		{Mode: tlswrap.Crypt, Key: key},
		{Mode: tlswrap.CryptV2, ServerKey: serverKey, ClientKey: clientKey},
	}
	for _, wrap := range wraps {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%v %s", wrap.Mode, tls.VersionName(version)), func(t *testing.T) {
				c := newConversation(t, func(config *Config) {
					config.Wrap = wrap
					config.TLS.MaxVersion = version
					config.Routes = []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/64")}
					config.DNS = []netip.Addr{netip.MustParseAddr("10.1.0.53")}
					config.Domains = []string{"corp.example"}
					config.Ping, config.PingTimeout = 10*time.Second, time.Minute
					config.TunMTU = 1400
				})
				checkSignedIn(t, c, c.connect())
			})
		}
	}
}

func checkSignedIn(t *testing.T, c *conversation, options *push.Options) {
	t.Helper()
	if options.Ifconfig.Prefix != netip.MustParsePrefix("10.99.0.2/24") || options.IfconfigIPv6.Prefix != netip.MustParsePrefix("fd00:99::2/64") {
		t.Errorf("addresses %v, %v", options.Ifconfig, options.IfconfigIPv6)
	}
	if len(options.Routes) != 2 || options.Routes[0].Prefix.String() != "10.1.0.0/16" || options.Routes[1].Prefix.String() != "fd00:1::/64" {
		t.Errorf("routes %v", options.Routes)
	}
	if len(options.DHCP.DNS) != 1 || len(options.DHCP.SearchDomains) != 1 || options.Ping != 10*time.Second || options.PingRestart != time.Minute {
		t.Errorf("options %+v", options)
	}
	if options.PeerID != 7 || options.Cipher != "AES-256-GCM" || options.TunMTU != 1400 || !options.ProtocolFlags.TLSEKM || !options.ProtocolFlags.DynTLSCrypt {
		t.Errorf("options %+v", options)
	}
	if len(options.Refused)+len(options.Ignored) > 0 {
		t.Errorf("refused %v, ignored %v", options.Refused, options.Ignored)
	}
	if !c.joined || c.keys.inUse != 0 || c.session.login.ClientCertificate.Subject.CommonName != "ann.example" {
		t.Errorf("joined %v, key in use %d, login %+v", c.joined, c.keys.inUse, c.session.login)
	}
	state, _ := c.channels[0].TLSState()
	want, err := keymethod.Export(&state)
	if err != nil || c.keys.installed[0] != want {
		t.Errorf("the two ends have different keys (%v)", err)
	}
}

func TestSessionOfTheAzureClient(t *testing.T) {
	c := newConversation(t, nil)
	c.faults.RequireAzureHello = true
	c.hello.Options, c.hello.PeerInfo = keymethod.AzureOptions, keymethod.AzurePeerInfo
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	c.run()
	c.say(0, push.Request{})
	c.run()
	options := c.pushed()
	if options.Cipher != "" || options.PeerID != packet.NoPeer || options.ProtocolFlags.Known || options.ProtocolFlags.TLSEKM {
		t.Errorf("pushed what the client does not know: %+v", options)
	}
	if c.session.terms.cipher != "AES-256-GCM" {
		t.Errorf("cipher %s", c.session.terms.cipher)
	}
	source := c.sources[0]
	want := keymethod.Derive(&source, &c.server[0].Source, c.local, c.session.local)
	if c.keys.installed[0] != want {
		t.Error("the two ends have different keys")
	}
}

func TestSessionPushesOnceAndWhenAsked(t *testing.T) {
	c := newConversation(t, nil)
	c.connect()
	c.messages = nil
	c.say(0, push.Request{})
	c.run()
	if len(c.messages) != 0 {
		t.Errorf("answered twice: %v", c.messages)
	}
	c.now = c.now.Add(repeatPush)
	c.say(0, push.Request{})
	c.run()
	c.pushed()
}

func TestSessionPushesThousandsOfRoutes(t *testing.T) {
	c := newConversation(t, func(config *Config) {
		for i := range 4000 {
			config.Routes = append(config.Routes, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24))
		}
	})
	options := c.connect()
	if len(options.Routes) != 4000 || options.Routes[3999].Prefix.String() != "10.15.159.0/24" {
		t.Errorf("%d routes", len(options.Routes))
	}
}

func TestSessionTakesLongPasswords(t *testing.T) {
	for _, size := range []int{0, 6 << 10, 16384 - 700, 40_000, keymethod.MaxStringSize} {
		var got Login
		c := newConversation(t, func(config *Config) {
			config.TLS.ClientAuth = tls.NoClientCert
			config.Authenticate = func(_ context.Context, login Login) (Decision, error) {
				got = login
				return Decision{Outcome: Accept}, nil
			}
		})
		c.hello.Username = "AzureAD"
		c.hello.Password = keymethod.Secret(strings.Repeat("x", size))
		c.connect()
		if got.Username != "AzureAD" || got.Password != c.hello.Password || got.PeerInfo["IV_VER"] != "2.6.14" {
			t.Errorf("size %d: login with %d bytes, peer info %v", size, len(got.Password), got.PeerInfo)
		}
	}
}

// Every cut of the client's key material into TLS records is joined, where records that go on are full.
func TestSessionKeyMaterialEndsAtRecordBoundary(t *testing.T) {
	var got Login
	c := newConversation(t, func(config *Config) {
		config.Authenticate = func(_ context.Context, login Login) (Decision, error) {
			got = login
			return Decision{Outcome: Accept}, nil
		}
	})
	c.hello.Username = "ann"
	empty := c.hello
	empty.PeerInfo = ""
	wire, _ := empty.Append(nil, keymethod.Client)
	// The password's last byte is the first record's last: the message so far would be a whole one without peer info.
	c.hello.Password = keymethod.Secret(strings.Repeat("x", fullRecord-len(wire)+1))
	c.connect()
	if got.PeerInfo["IV_VER"] != "2.6.14" {
		t.Errorf("peer info %v", got.PeerInfo)
	}
}

func TestSessionRefuses(t *testing.T) {
	tests := []struct {
		name     string
		decision Decision
		err      error
		want     string
	}{
		{"zero value", Decision{}, nil, "AUTH_FAILED"},
		{"reason", Decision{Refusal: push.AuthFailed{Reason: "no licence"}}, nil, "AUTH_FAILED,no licence"},
		{"temporary", Decision{Refusal: push.AuthFailed{Temporary: true, Backoff: 20 * time.Second, Advance: push.AdvanceServer}}, nil, "AUTH_FAILED,TEMP[backoff 20,advance remote]"},
		{"token expired", Decision{Refusal: push.AuthFailed{SessionExpired: true, Reason: "sign in anew"}}, nil, "AUTH_FAILED,SESSION:sign in anew"},
		{"error", Decision{Outcome: Accept}, errors.New("directory is down"), "AUTH_FAILED"},
		{"challenge", Decision{Outcome: Challenge, Challenge: &push.Challenge{Text: "Code?", State: "s1", Username: "ann", ResponseRequired: true}}, nil, "AUTH_FAILED,CRV1:R:s1:YW5u:Code?"},
		{"challenge without one", Decision{Outcome: Challenge}, nil, "AUTH_FAILED"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := newConversation(t, func(config *Config) {
				config.Authenticate = func(context.Context, Login) (Decision, error) { return test.decision, test.err }
			})
			if err := c.begin(); err != nil {
				t.Fatal(err)
			}
			c.run()
			if len(c.messages) != 1 || c.messages[0].Text() != test.want {
				t.Errorf("messages %v, want %s", c.messages, test.want)
			}
			if !c.session.over || !errors.Is(c.session.err, errRefused) || c.joined {
				t.Errorf("session over %v, error %v, joined %v", c.session.over, c.session.err, c.joined)
			}
		})
	}
}

func TestSessionEndsThoughTheClientDoesNotAcknowledge(t *testing.T) {
	c := newConversation(t, func(config *Config) {
		config.Authenticate = func(context.Context, Login) (Decision, error) { c := Decision{}; return c, nil }
	})
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	for c.session.err == nil {
		c.toServerPaused = len(c.waiting) > 0
		before := c.session.current
		c.runOnce()
		if before != nil && len(c.waiting) == 0 && c.session.err == nil {
			t.Fatal("no refusal")
		}
	}
	c.toServerPaused = true
	c.run()
	if c.session.over {
		t.Fatal("the session did not wait")
	}
	c.now = c.now.Add(farewell)
	c.session.advance(c.now)
	if !c.session.over {
		t.Error("the session waits for ever")
	}
}

func TestSessionPending(t *testing.T) {
	c := newConversation(t, func(config *Config) {
		config.Authenticate = func(context.Context, Login) (Decision, error) {
			return Decision{Outcome: Pending, Pending: &PendingLogin{Timeout: 30 * time.Second,
				Info: &push.Info{Challenge: &push.Challenge{Text: "Code?", Echo: true}},
				Decide: func(_ context.Context, response []byte) (Decision, error) {
					if string(response) == "4711" {
						return Decision{Outcome: Accept}, nil
					}
					return Decision{Refusal: push.AuthFailed{Reason: "wrong code"}}, nil
				}}}, nil
		}
	})
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	c.run()
	if len(c.messages) != 2 || c.messages[0].Text() != "INFO_PRE,CR_TEXT:E:Code?" || c.messages[1].Text() != "AUTH_PENDING,timeout 30" {
		t.Fatalf("messages %v", c.messages)
	}
	c.say(0, push.Request{})
	c.run()
	if c.joined || len(c.messages) != 2 {
		t.Fatalf("did not wait: %v", c.messages)
	}
	c.say(0, push.CRResponse{Response: []byte("4711")})
	c.run()
	c.pushed()
	if !c.joined {
		t.Error("not signed in")
	}
}

func TestSessionRefusesBadClients(t *testing.T) {
	t.Run("unknown authority", func(t *testing.T) {
		c := newConversation(t, nil)
		other := newAuthority(t, "another root")
		c.clientTLS.Certificates = []tls.Certificate{other.issue("eve.example", x509.ExtKeyUsageClientAuth)}
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		c.run()
		var failure *controlchannel.TLSError
		if !errors.As(c.session.err, &failure) {
			t.Errorf("session ended with %v", c.session.err)
		}
		if err := c.channels[0].Err(); !errors.As(err, &failure) || !failure.Remote {
			t.Errorf("client was told %v", err)
		}
	})
	t.Run("tls-auth key", func(t *testing.T) {
		c := newConversation(t, nil)
		c.clientWrap, _ = tlswrap.New(tlswrap.Config{Mode: tlswrap.Auth, Key: tlswrap.GenerateStaticKey(), Digest: "SHA256", Direction: tlswrap.Inverse})
		if err := c.begin(); !errors.Is(err, tlswrap.ErrAuthentication) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no common cipher", func(t *testing.T) {
		c := newConversation(t, func(config *Config) { config.Ciphers = []string{"CHACHA20-POLY1305"} })
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		c.run()
		if c.session.err == nil || !strings.Contains(c.session.err.Error(), "negotiate cipher") {
			t.Errorf("session ended with %v", c.session.err)
		}
	})
	t.Run("silent after the reset", func(t *testing.T) {
		c := newConversation(t, nil)
		if err := c.begin(); err != nil {
			t.Fatal(err)
		}
		c.now = c.session.deadline()
		for range 100 {
			c.session.advance(c.now)
			c.session.outgoing()
			if c.session.over {
				break
			}
			c.now = c.session.deadline()
		}
		if !errors.Is(c.session.err, controlchannel.ErrNoAnswer) {
			t.Errorf("session ended with %v", c.session.err)
		}
	})
}
