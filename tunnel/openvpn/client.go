package openvpn

import (
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Client is one session with one gateway, see the package.
type Client struct {
	config  Config
	session packet.SessionID
	wrap    *tlswrap.Wrapper // of the first key
	dynamic *tlswrap.Wrapper // of all later keys, where both ends chose it; nil: wrap
	data    *datachannel.Channel
	wake    chan struct{}

	stage   Stage
	failure *Failure
	events  []Event
	inBand  packet.Batch // data packets of our own to send
	sent    [][]byte     // control packets to send

	next    *key   // being agreed on
	current *key   // the last one agreed on
	retired []*key // older ones, still accepted for a while

	sign    signInState
	pull    pullState
	life    lifeState
	strange int // packets that were not authentic, before the first that was
}

// NewClient prepares a session. Nothing happens before Start.
func NewClient(config Config) (*Client, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	wrap, err := tlswrap.New(config.Wrap)
	if err != nil {
		return nil, fmt.Errorf("configure session: %w", err)
	}
	c := &Client{
		config:  config,
		session: packet.NewSessionID(),
		wrap:    wrap,
		data:    datachannel.New(config.Stream),
		wake:    make(chan struct{}, 1),
	}
	c.inBand.Stream = config.Stream
	c.data.OnInBand(c.wakeUp)
	c.sign.token = config.Token
	return c, nil
}

// Start begins. Where a credential is needed that is not there yet, it is asked for before anything is sent.
func (c *Client) Start(now time.Time) {
	if c.stage != StageIdle || c.next != nil || c.failure != nil {
		return
	}
	c.sign.started = true
	if !c.haveSignIn() {
		c.ask(ForConnecting)
		return
	}
	c.connect(now)
}

// connect sends the first packet.
func (c *Client) connect(now time.Time) {
	key, err := c.newKey(now, 0, packet.SessionID{}, c.wrap)
	if err != nil {
		c.fail(&Failure{Code: Internal, Err: err})
		return
	}
	c.next = key
	c.reach(StageReset)
	c.process(now)
}

// Receive takes a control packet as it came from the transport, without length prefix. The client may keep it.
func (c *Client) Receive(now time.Time, b []byte) {
	if c.ended() || len(b) == 0 {
		return
	}
	if !packet.IsControl(b) {
		c.strange++
		return
	}
	_, keyID := packet.ParseFirstByte(b[0])
	control, err := c.wrapperFor(keyID).Unwrap(now, b)
	if err != nil {
		if c.stage <= StageReset && !errors.Is(err, tlswrap.ErrReplay) {
			c.strange++
		}
		c.config.Logger.Debug("drop control packet", "error", err)
		return
	}
	if control.Opcode == packet.SoftResetV1 {
		c.softReset(now, control)
	}
	for _, key := range c.keys() {
		if key.channel.KeyID() == control.KeyID {
			key.channel.Receive(now, control)
			c.heard(now, key, control)
			break
		}
	}
	c.process(now)
}

// heard notes a sign of life.
func (c *Client) heard(now time.Time, key *key, control packet.Control) {
	if control.Session != key.channel.RemoteSession() {
		return
	}
	c.life.heard = now
	if c.stage == StageReset {
		c.reach(StageTLS)
	}
}

// wrapperFor is the protection of packets of a key.
func (c *Client) wrapperFor(keyID uint8) *tlswrap.Wrapper {
	if keyID != 0 && c.dynamic != nil {
		return c.dynamic
	}
	return c.wrap
}

// keys lists the keys that may still get control packets, the newest first.
func (c *Client) keys() []*key {
	keys := make([]*key, 0, 4)
	if c.next != nil {
		keys = append(keys, c.next)
	}
	if c.current != nil {
		keys = append(keys, c.current)
	}
	return append(keys, c.retired...)
}

// Advance lets time pass. Call it when Deadline has come, and when Wake has fired.
func (c *Client) Advance(now time.Time) {
	if c.ended() {
		return
	}
	for _, key := range c.keys() {
		key.channel.Advance(now)
	}
	c.receiveInBand(now)
	c.process(now)
	c.keepAlive(now)
}

// Deadline is when Advance is to be called next at the latest; the zero time is never. A time that has passed means at once.
func (c *Client) Deadline() time.Time {
	if c.ended() {
		return time.Time{}
	}
	var deadline time.Time
	for _, key := range c.keys() {
		deadline = earlier(deadline, key.channel.Deadline())
		deadline = earlier(deadline, key.deadline())
	}
	deadline = earlier(deadline, c.pull.deadline())
	return earlier(deadline, c.lifeDeadline())
}

// earlier is the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Wake gets a value when Advance is to be called although Deadline has not come: a slow signature for TLS is there, or an
// in-band message.
func (c *Client) Wake() <-chan struct{} { return c.wake }

// Data is the data channel. It can be used from other goroutines as long as the session lasts.
func (c *Client) Data() *datachannel.Channel { return c.data }

// Outgoing returns what to send now: control packets, and data packets of the session itself. The packets belong to the caller.
func (c *Client) Outgoing() [][]byte {
	packets := c.sent
	c.sent = nil
	for _, key := range c.keys() {
		packets = append(packets, key.channel.Outgoing()...)
	}
	return append(packets, c.takeInBand()...)
}

// Events returns what has happened since the last call.
func (c *Client) Events() []Event {
	events := c.events
	c.events = nil
	return events
}

func (c *Client) emit(event Event) { c.events = append(c.events, event) }

// Stage is how far the session has come.
func (c *Client) Stage() Stage { return c.stage }

// reach notes a stage of connecting.
func (c *Client) reach(stage Stage) {
	if stage <= c.stage {
		return
	}
	c.stage = stage
	c.emit(StageReached{Stage: stage})
	c.config.Logger.Debug("session reached a stage", "stage", stage.String())
}

func (c *Client) ended() bool { return c.failure != nil || c.stage == StageClosed }

// process does everything that follows from what has arrived, until nothing more follows.
func (c *Client) process(now time.Time) {
	for _, key := range c.keys() {
		if c.ended() {
			return
		}
		c.processKey(now, key)
	}
	if c.ended() {
		return
	}
	c.expire(now)
	c.pushDue(now)
}

// send queues a control message on the newest key that can carry it.
func (c *Client) send(message push.Message) {
	key := c.current
	if key == nil {
		key = c.next
	}
	if key == nil {
		return
	}
	key.channel.Write(append([]byte(message.Text()), 0))
}

// Rebind says that the path to the gateway is another one, of the same session: the transport has a new local address. What was not acknowledged is sent
// again, and the gateway learns the address from a ping. Only for datagrams and only useful where the gateway gave a peer id.
func (c *Client) Rebind(now time.Time) {
	if c.ended() || c.config.Stream {
		return
	}
	for _, key := range c.keys() {
		key.channel.Resend(now)
	}
	if c.stage == StageEstablished {
		c.sendPing(now)
	}
	c.process(now)
}
