package gateway

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// fullRecord is the length of a TLS record that goes on in another, in bytes (RFC 8446 section 5.1).
const fullRecord = 16 << 10

// key is one key of a session, from its reset to its end.
type key struct {
	id       uint8
	byServer bool
	channel  *controlchannel.Channel
	limit    time.Time // for the client's key material

	incoming []byte      // the client's key material, as far as it has arrived
	exchange bool        // key material has passed both ways
	messages push.Stream // after it

	login    Login
	pending  *PendingLogin
	accepted bool
	using    bool // data is sealed with it
}

func (k *key) receive(now time.Time, control packet.Control) { k.channel.Receive(now, control) }

// send queues a control message: one TLS record each, since clients take a record for a message.
func (k *key) send(message push.Message) { k.channel.Write(append([]byte(message.Text()), 0)) }

func (k *key) deadline() time.Time {
	deadline := k.channel.Deadline()
	if !k.exchange && (deadline.IsZero() || k.limit.Before(deadline)) {
		return k.limit
	}
	return deadline
}

// advanceKey does what has become possible.
func (s *session) advanceKey(now time.Time, k *key) {
	for record := k.channel.ReadRecord(); record != nil && !s.over; record = k.channel.ReadRecord() {
		if k.exchange {
			s.readMessages(now, k, record)
			continue
		}
		k.incoming = append(k.incoming, record...)
		// An unfinished message may look whole, since its last fields are optional; but then its record is full.
		if len(record) < fullRecord {
			s.readKeyMaterial(now, k)
		}
	}
	if s.over {
		return
	}
	if err := k.channel.Err(); err != nil {
		s.keyFailed(k, err)
		return
	}
	if !k.exchange && !now.Before(k.limit) {
		s.end(fmt.Errorf("agree on key %d: client's key material did not come", k.id))
		return
	}
	s.useWhenKnown(now, k)
}

// keyFailed ends the session over its newest key; an older one may go.
func (s *session) keyFailed(k *key, err error) {
	if k == s.old {
		s.dropOld()
		return
	}
	s.end(fmt.Errorf("key %d: %w", k.id, err))
}

// readKeyMaterial reads the client's half of the key exchange, and answers it.
func (s *session) readKeyMaterial(now time.Time, k *key) {
	message, rest, err := keymethod.Parse(k.incoming, keymethod.Client)
	if errors.Is(err, keymethod.ErrIncomplete) && len(k.incoming) <= keymethod.MaxMessageSize {
		return
	}
	if err != nil {
		s.end(fmt.Errorf("read client's key material: %w", err))
		return
	}
	k.incoming = nil
	faults := s.faults()
	if faults.ResetAfterKeyMaterial || faults.RequireAzureHello && (message.Options != keymethod.AzureOptions || message.PeerInfo != keymethod.AzurePeerInfo) {
		s.reset()
		return
	}
	k.login = s.loginOf(k, message)
	answer := keymethod.Message{Source: keymethod.NewSource(keymethod.Server), Options: s.optionsString()}
	keys, err := s.agree(k, message, &answer)
	if err != nil {
		s.end(err)
		return
	}
	wire, err := answer.Append(nil, keymethod.Server)
	if err != nil {
		s.end(fmt.Errorf("write key material: %w", err))
		return
	}
	k.channel.Write(wire)
	if err := s.data.install(k.id, keys, &s.terms); err != nil {
		s.end(err)
		return
	}
	k.exchange = true
	s.promote(now, k)
	s.authenticate(k)
	if len(rest) > 0 {
		s.readMessages(now, k, rest)
	}
}

// promote makes a key the newest of the session: control messages go under it.
func (s *session) promote(now time.Time, k *key) {
	if s.old != nil {
		s.dropOld()
	}
	s.next, s.current, s.old = nil, k, s.current
	s.keys++
	s.expires = now.Add(s.config.TransitionWindow)
	if s.config.RenegotiateAfter > 0 {
		s.renewAt = now.Add(s.config.RenegotiateAfter)
	}
}

func (s *session) loginOf(k *key, message *keymethod.Message) Login {
	login := Login{Session: s.id, Remote: s.remote(), Username: message.Username, Password: message.Password,
		PeerInfo: keymethod.ParsePeerInfo(message.PeerInfo), Options: message.Options, Renegotiation: s.joined}
	if state, ok := k.channel.TLSState(); ok {
		login.ClientCertificate = leaf(state.PeerCertificates)
	}
	return login
}

func leaf(chain []*x509.Certificate) *x509.Certificate {
	if len(chain) == 0 {
		return nil
	}
	return chain[0]
}

// optionsString describes this side. Clients compare it with their own and warn.
func (s *session) optionsString() string {
	return keymethod.Options{
		Role: keymethod.Server, Stream: s.stream, TunMTU: s.config.tunMTU(), Cipher: s.config.Ciphers[0], Digest: s.config.Digest,
		TLSAuth: s.config.Wrap.Mode == tlswrap.Auth, KeyDirection: int(s.config.Wrap.Direction) - 1,
		Compression: s.config.Compression != push.NoCompression,
	}.String()
}

// agree settles the terms, with the session's first key, and derives a key's material.
func (s *session) agree(k *key, client, server *keymethod.Message) (*keymethod.Keys, error) {
	state, _ := k.channel.TLSState()
	if s.current == nil {
		terms, err := s.negotiate(&k.login)
		if err != nil {
			return nil, err
		}
		terms.exportKeys = terms.protocol&keymethod.TLSKeyExport != 0 && keymethod.CanExport(&state)
		if terms.protocol&keymethod.DynTLSCrypt != 0 && terms.protocol&keymethod.CCExitNotify != 0 {
			if material, err := state.ExportKeyingMaterial(tlswrap.DynamicLabel, nil, tlswrap.DynamicSize); err == nil {
				if s.dynamic, err = s.wrap.Dynamic(material); err != nil {
					return nil, err
				}
				terms.dynamicWrap = true
			}
		}
		s.terms = terms
	}
	if s.terms.exportKeys {
		keys, err := keymethod.Export(&state)
		return &keys, err
	}
	keys := keymethod.Derive(&client.Source, &server.Source, s.client, s.local)
	return &keys, nil
}

// negotiate chooses a cipher: the gateway's first that the client offers; of a client that negotiates nothing, the one in
// its options string (OpenVPN ssl_ncp.c, ncp_get_best_cipher).
func (s *session) negotiate(login *Login) (terms, error) {
	t := terms{protocol: keymethod.ProtocolOf(login.PeerInfo), peerID: packet.NoPeer}
	if t.protocol&keymethod.DataV2 != 0 {
		t.peerID = s.peerID
	}
	offered := keymethod.CiphersOf(login.PeerInfo)
	t.pushCipher = len(offered) > 0
	if !t.pushCipher {
		offered = []string{keymethod.Option(login.Options, "cipher")}
	}
	for _, cipher := range s.config.Ciphers {
		if slices.ContainsFunc(offered, func(o string) bool { return strings.EqualFold(o, cipher) }) {
			t.cipher = cipher
			return t, nil
		}
	}
	return t, fmt.Errorf("negotiate cipher: client offers %q, none is accepted", offered)
}

// useWhenKnown seals data with a replacement key once the client surely has it, since it has acknowledged the key
// material. Before that the old one is still good.
func (s *session) useWhenKnown(now time.Time, k *key) {
	if k != s.current || k.using || !k.accepted || !s.joined {
		return
	}
	if k.channel.Delivered() {
		s.data.use(k.id)
		k.using = true
		s.logger.Debug("key in use", "key", k.id, "by server", k.byServer)
	}
}

// authenticate asks whether the client may come in, or stay.
func (s *session) authenticate(k *key) {
	login, delay := k.login, s.faults().AuthDelay
	ask := s.config.Authenticate
	s.decide(k, func(ctx context.Context) (Decision, error) {
		if err := wait(ctx, delay); err != nil {
			return Decision{}, err
		}
		return ask(ctx, login)
	})
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
