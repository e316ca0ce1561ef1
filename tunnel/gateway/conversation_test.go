package gateway

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// recordedKeys is a data channel that only notes what was done to it.
type recordedKeys struct {
	installed map[uint8]keymethod.Keys
	inUse     int // key id, -1: none
	retired   []uint8
}

func (r *recordedKeys) install(keyID uint8, keys *keymethod.Keys, _ *terms) error {
	r.installed[keyID] = *keys
	return nil
}
func (r *recordedKeys) use(keyID uint8)    { r.inUse = int(keyID) }
func (r *recordedKeys) retire(keyID uint8) { r.retired = append(r.retired, keyID) }

// conversation is a session and a client that talk without a network, by a clock of their own.
type conversation struct {
	t       *testing.T
	now     time.Time
	config  Config
	faults  *faultState
	keys    *recordedKeys
	session *session
	joined  bool
	waiting []func() // logins to decide

	clientTLS      *tls.Config
	clientWrap     *tlswrap.Wrapper
	dynamicWrap    *tlswrap.Wrapper
	local          packet.SessionID
	channels       map[uint8]*controlchannel.Channel
	sources        map[uint8]keymethod.Source
	server         map[uint8]*keymethod.Message
	hello          keymethod.Message
	messages       []push.Message
	toServerPaused bool
}

// defaultHello is what an OpenVPN 2.6 client says.
func defaultHello() keymethod.Message {
	info := keymethod.PeerInfo{Version: "2.6.14", Platform: "linux", Ciphers: []string{"AES-256-GCM", "AES-128-GCM"}, Protocol: keymethod.DataV2 | keymethod.RequestPush |
		keymethod.TLSKeyExport | keymethod.AuthPendingKW | keymethod.CCExitNotify | keymethod.AuthFailTemp | keymethod.DynTLSCrypt}
	return keymethod.Message{Options: "V4,dev-type tun,cipher AES-256-GCM,auth [null-digest],key-method 2,tls-client", PeerInfo: info.String()}
}

func newConversation(t *testing.T, change func(*Config)) *conversation {
	t.Helper()
	ca := newAuthority(t, "lab root")
	c := &conversation{t: t, now: time.Now(), faults: &faultState{}, hello: defaultHello(), clientTLS: ca.clientTLS("ann.example"), local: packet.NewSessionID(),
		keys:     &recordedKeys{installed: map[uint8]keymethod.Keys{}, inUse: -1},
		channels: map[uint8]*controlchannel.Channel{}, sources: map[uint8]keymethod.Source{}, server: map[uint8]*keymethod.Message{}}
	c.config = Config{TLS: ca.serverTLS(), IPv4: netip.MustParsePrefix("10.99.0.0/24"), IPv6: netip.MustParsePrefix("fd00:99::/64"),
		Wrap:      tlswrap.Config{Mode: tlswrap.Auth, Key: tlswrap.GenerateStaticKey(), Digest: "SHA256", Direction: tlswrap.Normal},
		Listeners: []net.Listener{nil}}
	if change != nil {
		change(&c.config)
	}
	var err error
	if c.config, err = c.config.withDefaults(); err != nil {
		t.Fatal(err)
	}
	client := c.config.Wrap
	client.Server = false
	if client.Mode == tlswrap.Auth {
		client.Direction = tlswrap.Inverse
	}
	if c.clientWrap, err = tlswrap.New(client); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, channel := range c.channels {
			channel.Close()
		}
		if c.session != nil {
			c.session.end(errClosed)
		}
	})
	return c
}

// openChannel begins a key at the client.
func (c *conversation) openChannel(keyID uint8) {
	c.t.Helper()
	config := controlchannel.Config{Role: controlchannel.Client, KeyID: keyID, LocalSession: c.local, Wrap: c.wrapFor(keyID), TLS: c.clientTLS, Stream: true}
	if keyID != 0 {
		config.RemoteSession = c.channels[0].RemoteSession()
	}
	channel, err := controlchannel.New(config, c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	source := keymethod.NewSource(keymethod.Client)
	message := c.hello
	message.Source = source
	wire, err := message.Append(nil, keymethod.Client)
	if err != nil {
		c.t.Fatal(err)
	}
	for len(wire) > 0 {
		n := min(len(wire), 16<<10)
		channel.Write(wire[:n])
		wire = wire[n:]
	}
	c.channels[keyID], c.sources[keyID] = channel, source
}

// begin makes the session with the client's first packet, and returns its error.
func (c *conversation) begin() error {
	c.openChannel(0)
	return c.beginWith(c.channels[0].Outgoing()[0])
}

// beginWith makes the session with a packet.
func (c *conversation) beginWith(first []byte) error {
	options := c.config.commonOptions()
	var err error
	c.session, err = newSession(session{
		surroundings: surroundings{config: &c.config, faults: func() *faultState { return c.faults }, pool: newPool(c.config.IPv4, c.config.IPv6),
			options: func() []string { return append([]string(nil), options...) }, tls: func() *tls.Config { return c.config.TLS },
			decide: func(key *key, f func(context.Context) (Decision, error)) {
				c.waiting = append(c.waiting, func() {
					decision, err := f(c.t.Context())
					c.session.decided(c.now, key, decision, err)
				})
			},
			join: func(lease, *Decision) { c.joined = true }},
		id: 1, peerID: 7, stream: true, remote: func() netip.AddrPort { return netip.MustParseAddrPort("203.0.113.9:50000") },
		logger: c.config.Logger, data: c.keys,
	}, c.now, first)
	return err
}

// run lets both talk until neither has anything to say.
func (c *conversation) run() {
	c.t.Helper()
	for range 10_000 {
		if !c.runOnce() {
			return
		}
	}
	c.t.Fatal("the conversation does not come to rest")
}

// runOnce lets each side say what it has to say now, and reports whether there was anything.
func (c *conversation) runOnce() (busy bool) {
	c.t.Helper()
	c.session.advance(c.now)
	for _, wire := range c.session.outgoing() {
		busy = true
		c.atClient(wire)
	}
	for keyID, channel := range c.channels {
		channel.Advance(c.now)
		c.readClient(keyID, channel)
		if c.toServerPaused {
			continue
		}
		for _, wire := range channel.Outgoing() {
			busy = true
			c.session.receive(c.now, wire)
		}
	}
	for len(c.waiting) > 0 {
		busy = true
		decide := c.waiting[0]
		c.waiting = c.waiting[1:]
		decide()
	}
	return busy
}

// useDynamicWrap gives the client the wrapper of renegotiated keys.
func (c *conversation) useDynamicWrap() {
	c.t.Helper()
	state, _ := c.channels[0].TLSState()
	material, err := state.ExportKeyingMaterial(tlswrap.DynamicLabel, nil, tlswrap.DynamicSize)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.dynamicWrap, err = c.clientWrap.Dynamic(material); err != nil {
		c.t.Fatal(err)
	}
}

// wrapFor is the client's wrapper for a key.
func (c *conversation) wrapFor(keyID uint8) *tlswrap.Wrapper {
	if keyID != 0 && c.dynamicWrap != nil {
		return c.dynamicWrap
	}
	return c.clientWrap
}

func (c *conversation) atClient(wire []byte) {
	c.t.Helper()
	_, keyID := packet.ParseFirstByte(wire[0])
	control, err := c.wrapFor(keyID).Unwrap(c.now, wire)
	if err != nil {
		c.t.Fatalf("client reads packet: %v", err)
	}
	if c.channels[control.KeyID] == nil {
		c.openChannel(control.KeyID)
	}
	c.channels[control.KeyID].Receive(c.now, control)
}

// readClient reads what TLS brought the client under a key.
func (c *conversation) readClient(keyID uint8, channel *controlchannel.Channel) {
	c.t.Helper()
	for record := channel.ReadRecord(); record != nil; record = channel.ReadRecord() {
		if c.server[keyID] == nil {
			message, rest, err := keymethod.Parse(record, keymethod.Server)
			if err != nil || len(rest) > 0 {
				c.t.Fatalf("gateway's key material: %v, rest %q", err, rest)
			}
			c.server[keyID] = message
			continue
		}
		if record[len(record)-1] != 0 {
			c.t.Fatalf("message %q does not end in NUL", record)
		}
		c.messages = append(c.messages, push.ParseMessage(string(record)))
	}
}

// say sends a control message from the client.
func (c *conversation) say(keyID uint8, message push.Message) {
	c.channels[keyID].Write(append([]byte(message.Text()), 0))
}

// connect runs a whole sign-in.
func (c *conversation) connect() *push.Options {
	c.t.Helper()
	if err := c.begin(); err != nil {
		c.t.Fatal(err)
	}
	c.run()
	return c.pushed()
}

// pushed assembles the configuration that has come.
func (c *conversation) pushed() *push.Options {
	c.t.Helper()
	var assembler push.Assembler
	for _, message := range c.messages {
		reply, ok := message.(push.Reply)
		if !ok {
			continue
		}
		complete, err := assembler.Add(reply)
		if err != nil {
			c.t.Fatal(err)
		}
		if complete {
			options, err := assembler.Options(push.Policy{})
			if err != nil {
				c.t.Fatal(err)
			}
			return options
		}
	}
	c.t.Fatalf("no whole configuration among %v; session ended with %v", c.messages, c.session.err)
	return nil
}
