package openvpn

import (
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// compatibility is the OpenVPN version whose behaviour gateways can expect, with this program's name behind it.
const compatibility = "2.6_footbridge"

// sendKeyMaterial writes our key method message, as soon as TLS stands and the sign-in is known.
func (c *Client) sendKeyMaterial(now time.Time, key *key) {
	if !c.haveSignIn() {
		c.ask(ForRenegotiation)
		return
	}
	state, _ := key.channel.TLSState()
	username, password := c.takeSignIn()
	message := keymethod.Message{
		Source:   key.source,
		Options:  c.optionsString(),
		Username: username,
		Password: password,
		PeerInfo: c.peerInfo(&state),
	}
	text, err := message.Append(nil, keymethod.Client)
	if err != nil {
		c.fail(&Failure{Code: Internal, Err: err})
		return
	}
	key.sent = true
	key.limit = now.Add(c.config.HandshakeWindow)
	key.channel.Write(text)
	c.reach(StageKeyMaterial)
}

// optionsString describes our configuration to the gateway.
func (c *Client) optionsString() string {
	if c.config.Hello == AzureHello {
		return keymethod.AzureOptions
	}
	return c.optionsOf().String()
}

func (c *Client) optionsOf() keymethod.Options {
	direction := -1
	switch c.config.Wrap.Direction {
	case tlswrap.Normal:
		direction = 0
	case tlswrap.Inverse:
		direction = 1
	}
	cipher := c.config.FallbackCipher
	if cipher == "" {
		cipher = c.config.DataCiphers[0]
	}
	return keymethod.Options{
		Role:         keymethod.Client,
		Stream:       c.config.Stream,
		TunMTU:       c.config.TunMTU,
		Cipher:       cipher,
		Digest:       c.config.Digest,
		TLSAuth:      c.config.Wrap.Mode == tlswrap.Auth,
		KeyDirection: direction,
		Compression:  c.config.Compression != push.NoCompression,
	}
}

// peerInfo says what we can do. What needs keys exported from TLS is said only where this TLS connection can.
func (c *Client) peerInfo(state *tls.ConnectionState) string {
	if c.config.Hello == AzureHello {
		return keymethod.AzurePeerInfo
	}
	protocol := keymethod.DataV2 | keymethod.RequestPush | keymethod.AuthPendingKW | keymethod.CCExitNotify |
		keymethod.AuthFailTemp | keymethod.DNSOptionV2
	if keymethod.CanExport(state) {
		protocol |= keymethod.TLSKeyExport | keymethod.DynTLSCrypt
	}
	gui := ""
	if c.config.Version != "" {
		gui = "Footbridge_" + c.config.Version
	}
	return keymethod.PeerInfo{
		Version:    compatibility,
		Platform:   c.config.Platform,
		GUIVersion: gui,
		Protocol:   protocol,
		Ciphers:    c.config.DataCiphers,
		SSO:        "webauth,crtext",
		Extra:      c.config.PeerInfo,
	}.String()
}

// receiveKeyMaterial reads the gateway's key method message when all of it is here.
func (c *Client) receiveKeyMaterial(now time.Time, key *key) {
	message, rest, err := keymethod.Parse(key.input, keymethod.Server)
	if errors.Is(err, keymethod.ErrIncomplete) && len(key.input) <= keymethod.MaxMessageSize {
		return
	}
	if err != nil {
		c.fail(&Failure{Code: BadKeyMaterial, Err: err})
		return
	}
	if !key.sent {
		c.fail(&Failure{Code: BadKeyMaterial, Err: errors.New("gateway sent key material before it got ours")})
		return
	}
	key.peer, key.input, key.agreed = message, nil, now
	if c.current == nil {
		c.promote(now, key)
		c.beginPull(now)
	} else if !c.agreeAnew(now, key) {
		return
	}
	if len(rest) > 0 {
		c.receiveMessages(now, key, rest)
	}
}

// deriveKeys makes a key's data channel keys.
func (c *Client) deriveKeys(key *key) (keymethod.Keys, error) {
	if c.pull.keyExport {
		state, _ := key.channel.TLSState()
		return keymethod.Export(&state)
	}
	return keymethod.Derive(&key.source, &key.peer.Source, c.session, key.channel.RemoteSession()), nil
}

// deriveDynamic makes the protection of later keys' control packets.
func (c *Client) deriveDynamic(key *key) error {
	state, _ := key.channel.TLSState()
	material, err := state.ExportKeyingMaterial(tlswrap.DynamicLabel, nil, tlswrap.DynamicSize)
	if err != nil {
		return fmt.Errorf("derive dynamic tls-crypt: %w", err)
	}
	c.dynamic, err = c.wrap.Dynamic(material)
	return err
}
