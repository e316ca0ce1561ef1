package openvpn

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// requestInterval is how often the configuration is asked for (OpenVPN push.h, PUSH_REQUEST_INTERVAL).
const requestInterval = 5 * time.Second

// pullState is the way to the gateway's configuration, and the configuration.
type pullState struct {
	assembler *push.Assembler // of the messages that are arriving
	requestAt time.Time       // when to ask again; zero: not asking
	limit     time.Time       // when to give up
	options   *push.Options   // nil: not here yet
	cipher    string
	keyExport bool // keys come from the TLS exporter
}

// deadline is when to ask again or give up.
func (p *pullState) deadline() time.Time {
	if p.requestAt.IsZero() {
		return time.Time{}
	}
	return earlier(p.requestAt, p.limit)
}

// beginPull asks for the configuration at once; a gateway that pushes unasked takes no notice.
func (c *Client) beginPull(now time.Time) {
	c.reach(StagePush)
	c.pull.assembler = new(push.Assembler)
	c.pull.limit = now.Add(c.config.HandshakeWindow)
	c.pull.requestAt = now.Add(requestInterval)
	c.send(push.Request{})
}

// pushDue asks again, or gives up.
func (c *Client) pushDue(now time.Time) {
	if c.pull.requestAt.IsZero() {
		return
	}
	if !now.Before(c.pull.limit) {
		c.fail(&Failure{Code: NoPushReply, Temporary: true})
		return
	}
	if !now.Before(c.pull.requestAt) {
		c.pull.requestAt = now.Add(requestInterval)
		c.send(push.Request{})
	}
}

// extendPull waits longer, since the gateway waits for somebody: as long as it says, within half the renegotiation time
// (OpenVPN push.c, receive_auth_pending).
func (c *Client) extendPull(now time.Time, pending push.AuthPending) {
	if c.pull.requestAt.IsZero() {
		return
	}
	timeout := pending.Timeout
	if timeout == 0 {
		timeout = c.config.HandshakeWindow
	}
	longest := max(c.config.RenegotiateAfter/2, c.config.HandshakeWindow)
	if c.config.RenegotiateAfter == Never {
		longest = max(defaultRenegotiateAfter/2, c.config.HandshakeWindow)
	}
	until := c.current.agreed.Add(min(timeout, longest))
	if until.After(c.pull.limit) {
		c.pull.limit = until
	}
	c.emit(AuthPending{Until: c.pull.limit})
}

// receiveReply takes one message of a configuration.
func (c *Client) receiveReply(now time.Time, reply push.Reply) {
	if c.current == nil {
		return
	}
	if c.pull.assembler == nil {
		c.pull.assembler = new(push.Assembler)
	}
	complete, err := c.pull.assembler.Add(reply)
	if err != nil {
		c.fail(&Failure{Code: PushRejected, Err: err})
		return
	}
	if !complete {
		if !c.pull.requestAt.IsZero() { // it is coming: do not ask again meanwhile
			c.pull.requestAt = now.Add(requestInterval)
		}
		return
	}
	assembler := c.pull.assembler
	c.pull.assembler = nil
	options, err := assembler.Options(push.Policy{Filters: c.config.PullFilters, RouteNoPull: c.config.RouteNoPull})
	if err != nil {
		c.fail(&Failure{Code: rejection(err), Err: err})
		return
	}
	c.learnToken(options)
	if c.pull.options == nil {
		c.establish(now, options, assembler.Digest())
	}
}

func rejection(err error) Code {
	if errors.Is(err, push.ErrUnsupported) {
		return Unsupported
	}
	return PushRejected
}

// establish makes the configuration hold, and data flow.
func (c *Client) establish(now time.Time, options *push.Options, digest push.Digest) {
	c.logRefusals(options)
	key := c.current
	state, _ := key.channel.TLSState()
	if err := c.negotiate(options, key); err != nil {
		c.fail(&Failure{Code: Unsupported, Err: err})
		return
	}
	if err := c.installKey(key); err != nil {
		c.fail(&Failure{Code: Unsupported, Err: err})
		return
	}
	c.useKey(key)
	c.pull.requestAt = time.Time{}
	c.beginLife(now, options)
	c.stage = StageEstablished
	mtu := options.TunMTU
	if mtu == 0 {
		mtu = c.config.TunMTU
	}
	c.emit(Established{
		Options: options, Digest: digest, Cipher: c.pull.cipher, TLSVersion: state.Version, TLSCipher: state.CipherSuite,
		KeyExport: c.pull.keyExport, TunMTU: mtu,
	})
}

// negotiate takes the gateway's choices, or says which we cannot take.
func (c *Client) negotiate(options *push.Options, key *key) error {
	flags := options.ProtocolFlags
	if flags.AEADEpoch {
		return errors.New("accept configuration: epoch data keys are not supported")
	}
	if state, _ := key.channel.TLSState(); (flags.TLSEKM || flags.DynTLSCrypt) && !keymethod.CanExport(&state) {
		return fmt.Errorf("accept configuration: %w", keymethod.ErrNoExport)
	}
	cipher, err := c.chooseCipher(options.Cipher, keymethod.Option(key.peer.Options, "cipher"))
	if err != nil {
		return err
	}
	c.pull.options, c.pull.cipher, c.pull.keyExport = options, cipher, flags.TLSEKM
	if flags.DynTLSCrypt {
		return c.deriveDynamic(key)
	}
	return nil
}

// chooseCipher is the pushed cipher where it is one of ours. A gateway that pushes none uses the one in its
// options string, or one that both ends are configured for (OpenVPN ssl_ncp.c, tls_poor_mans_ncp).
func (c *Client) chooseCipher(pushed, inOptions string) (string, error) {
	ours := func(cipher string) bool {
		return slices.ContainsFunc(c.config.DataCiphers, func(s string) bool { return strings.EqualFold(s, cipher) })
	}
	switch {
	case pushed != "" && (ours(pushed) || strings.EqualFold(pushed, c.config.FallbackCipher)):
		return strings.ToUpper(pushed), nil
	case pushed != "":
		return "", fmt.Errorf("accept configuration: cipher %q is not among %s", pushed, strings.Join(c.config.DataCiphers, ", "))
	case inOptions != "" && ours(inOptions):
		return strings.ToUpper(inOptions), nil
	case c.config.FallbackCipher != "":
		return strings.ToUpper(c.config.FallbackCipher), nil
	case c.config.Hello == AzureHello: // it is in the options string that we sent
		return "AES-256-GCM", nil
	}
	return "", errors.New("accept configuration: the gateway names no data channel cipher of ours, and there is no data-ciphers-fallback")
}

func (c *Client) logRefusals(options *push.Options) {
	for _, refusal := range options.Refused {
		c.config.Logger.Warn("pushed option is not followed", "option", refusal.Option, "reason", refusal.Reason)
	}
	for _, option := range options.Ignored {
		c.config.Logger.Info("pushed option is not known", "option", option)
	}
}
