package openvpn

import (
	"errors"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// flushAfter is how long a control message without an end may take to go on. OpenVPN ends each with a NUL byte and takes the end of a TLS
// record for one too, so a gateway may leave it out.
const flushAfter = 300 * time.Millisecond

// key is one key of the session: its control channel, and what the two ends told each other on it.
type key struct {
	channel   *controlchannel.Channel
	byGateway bool // the gateway started the renegotiation

	source   keymethod.Source // our randomness
	sent     bool             // our key method message is on its way
	input    []byte           // of the gateway's key method message
	peer     *keymethod.Message
	stream   push.Stream
	flushAt  time.Time // when an unfinished control message counts as finished
	limit    time.Time // until when the gateway's key method message must be here; zero: no limit
	inUse    bool      // data is sealed with it
	useAt    time.Time // when it is to be used, if nothing shows earlier that the gateway is ready
	agreed   time.Time // when both messages were here
	renewAt  time.Time // when to renegotiate
	retireAt time.Time // when it is no longer accepted; zero: it is the current key
	bytes    uint64    // what had flowed in the session when it was agreed
	packets  uint64
}

func (c *Client) newKey(now time.Time, id uint8, remote packet.SessionID, wrap *tlswrap.Wrapper) (*key, error) {
	channel, err := controlchannel.New(controlchannel.Config{
		Role:            controlchannel.Client,
		KeyID:           id,
		LocalSession:    c.session,
		RemoteSession:   remote,
		Wrap:            wrap,
		TLS:             c.config.TLS,
		Stream:          c.config.Stream,
		RetransmitAfter: c.config.TLSTimeout,
		Window:          c.config.HandshakeWindow,
		MaxPacket:       c.config.MaxPacket,
		Wake:            c.wakeUp,
		Logger:          c.config.Logger,
	}, now)
	if err != nil {
		return nil, err
	}
	return &key{channel: channel, source: keymethod.NewSource(keymethod.Client)}, nil
}

// wakeUp is called from other goroutines.
func (c *Client) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// deadline is the key's own next time, besides its channel's.
func (k *key) deadline() time.Time {
	deadline := earlier(k.flushAt, k.useAt)
	if k.peer == nil {
		deadline = earlier(deadline, k.limit)
	}
	return earlier(earlier(deadline, k.renewAt), k.retireAt)
}

// processKey does what follows from a key's channel.
func (c *Client) processKey(now time.Time, key *key) {
	if _, done := key.channel.TLSState(); done && !key.sent && c.next == key {
		c.sendKeyMaterial(now, key)
	}
	for record := key.channel.ReadRecord(); record != nil && !c.ended(); record = key.channel.ReadRecord() {
		if key.peer == nil {
			key.input = append(key.input, record...)
			c.receiveKeyMaterial(now, key)
			continue
		}
		c.receiveMessages(now, key, record)
	}
	if c.ended() {
		return
	}
	if !key.flushAt.IsZero() && !now.Before(key.flushAt) {
		key.flushAt = time.Time{}
		if message, ok := key.stream.Flush(); ok {
			c.receiveMessage(now, message)
		}
	}
	if err := key.channel.Err(); err != nil && !c.ended() {
		c.channelEnded(key, err)
	}
}

// receiveMessages cuts a TLS record into control messages.
func (c *Client) receiveMessages(now time.Time, key *key, record []byte) {
	if err := key.stream.Write(record); err != nil {
		c.fail(&Failure{Code: PushRejected, Err: err})
		return
	}
	for message, ok := key.stream.Next(); ok && !c.ended(); message, ok = key.stream.Next() {
		c.receiveMessage(now, message)
	}
	key.flushAt = time.Time{}
	if key.stream.Pending() {
		key.flushAt = now.Add(flushAfter)
	}
}

// channelEnded decides what the end of a key's channel means.
func (c *Client) channelEnded(key *key, err error) {
	switch key {
	case c.next:
		c.fail(c.explain(err))
	case c.current:
		// The gateway may end TLS and keep the key; nothing but messages is lost. Over a stream it also says so by closing that.
		var tlsError *controlchannel.TLSError
		if errors.As(err, &tlsError) && tlsError.Remote && tlsError.Alert == 0 && c.stage == StageEstablished {
			c.config.Logger.Debug("gateway closed TLS of an established key")
			return
		}
		c.fail(c.explain(err))
	}
}

// drop ends a key for good.
func (c *Client) drop(key *key) {
	if key.inUse || key.peer != nil {
		c.data.Retire(key.channel.KeyID())
	}
	c.sent = append(c.sent, key.channel.Outgoing()...)
	key.channel.Close()
}
