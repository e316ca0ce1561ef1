package openvpn

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// server is a gateway with a script: the parts of this package's subpackages in the other role, and what to say when.
type server struct {
	t       *testing.T
	stream  bool
	wrap    *tlswrap.Wrapper
	dynamic *tlswrap.Wrapper
	tls     *tls.Config
	session packet.SessionID
	remote  packet.SessionID
	keys    []*serverKey // the newest first
	data    *datachannel.Channel
	cipher  string
	ekm     bool
	silent  bool // drops everything

	// onKeyMaterial decides about a key method message; nil accepts, and pushes after PUSH_REQUEST.
	onKeyMaterial func(now time.Time, key *serverKey)
	// onMessage sees control messages; it reports whether it dealt with it.
	onMessage func(now time.Time, key *serverKey, message push.Message) bool
	options   []string // to push
	messages  []push.Message
	framing   datachannel.Compression
	received  []string // packets
	inBand    []datachannel.InBand
}

type serverKey struct {
	channel   *controlchannel.Channel
	source    keymethod.Source
	input     []byte
	peer      *keymethod.Message
	answered  bool
	installed bool
	stream    push.Stream
}

func (s *server) receive(now time.Time, b []byte) {
	if s.silent {
		return
	}
	if packet.IsData(b) {
		s.receiveData(now, b)
		return
	}
	_, id := packet.ParseFirstByte(b[0])
	wrap := s.wrap
	if id != 0 && s.dynamic != nil {
		wrap = s.dynamic
	}
	control, err := wrap.Unwrap(now, b)
	if err != nil {
		s.t.Logf("server drops a packet: %v", err)
		return
	}
	key := s.key(id)
	switch {
	case key == nil && control.Opcode.IsHardReset():
		key = s.newKey(now, 0)
	case key == nil && control.Opcode == packet.SoftResetV1:
		key = s.newKey(now, id)
	case key == nil:
		return
	}
	key.channel.Receive(now, control)
	s.process(now)
}

func (s *server) key(id uint8) *serverKey {
	for _, key := range s.keys {
		if key.channel.KeyID() == id {
			return key
		}
	}
	return nil
}

func (s *server) newKey(now time.Time, id uint8) *serverKey {
	s.t.Helper()
	wrap := s.wrap
	if id != 0 && s.dynamic != nil {
		wrap = s.dynamic
	}
	channel, err := controlchannel.New(controlchannel.Config{
		Role: controlchannel.Server, KeyID: id, LocalSession: s.session, RemoteSession: s.remote, Wrap: wrap, TLS: s.tls, Stream: s.stream,
	}, now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(channel.Close)
	key := &serverKey{channel: channel, source: keymethod.NewSource(keymethod.Server)}
	s.keys = append([]*serverKey{key}, s.keys...)
	if len(s.keys) > 3 {
		old := s.keys[len(s.keys)-1]
		s.data.Retire(old.channel.KeyID())
		old.channel.Close()
		s.keys = s.keys[:len(s.keys)-1]
	}
	return key
}

// renegotiate sends a soft reset.
func (s *server) renegotiate(now time.Time) {
	s.newKey(now, packet.NextKeyID(s.keys[0].channel.KeyID()))
}

func (s *server) advance(now time.Time) {
	for _, key := range s.keys {
		key.channel.Advance(now)
	}
	s.process(now)
}

func (s *server) deadline() time.Time {
	var deadline time.Time
	for _, key := range s.keys {
		deadline = earlier(deadline, key.channel.Deadline())
	}
	return deadline
}

func (s *server) outgoing() [][]byte {
	var packets [][]byte
	for _, key := range s.keys {
		packets = append(packets, key.channel.Outgoing()...)
	}
	if s.silent {
		return nil
	}
	return packets
}

func (s *server) process(now time.Time) {
	for _, key := range s.keys {
		s.remote = key.channel.RemoteSession()
		for record := key.channel.ReadRecord(); record != nil; record = key.channel.ReadRecord() {
			if key.peer != nil {
				s.receiveMessages(now, key, record)
				continue
			}
			key.input = append(key.input, record...)
			message, rest, err := keymethod.Parse(key.input, keymethod.Client)
			if err != nil {
				continue
			}
			key.peer = message
			if s.onKeyMaterial != nil {
				s.onKeyMaterial(now, key)
			} else {
				s.answer(key)
			}
			s.receiveMessages(now, key, rest)
		}
		if key.answered && !key.installed && key.channel.Delivered() && key.channel.KeyID() != 0 {
			s.install(key)
		}
	}
}

func (s *server) receiveMessages(now time.Time, key *serverKey, b []byte) {
	if err := key.stream.Write(b); err != nil {
		s.t.Error(err)
	}
	for m, ok := key.stream.Next(); ok; m, ok = key.stream.Next() {
		s.messages = append(s.messages, m)
		if s.onMessage != nil && s.onMessage(now, key, m) {
			continue
		}
		if _, request := m.(push.Request); request && !key.installed {
			s.pushTo(key)
		}
	}
}

// answer sends the server's key method message.
func (s *server) answer(key *serverKey) {
	s.t.Helper()
	message := keymethod.Message{Source: key.source, Options: keymethod.Options{Role: keymethod.Server, Stream: s.stream, TunMTU: 1500, Cipher: s.cipher, Digest: "SHA1", KeyDirection: -1}.String()}
	text, err := message.Append(nil, keymethod.Server)
	if err != nil {
		s.t.Fatal(err)
	}
	key.channel.Write(text)
	key.answered = true
}

// pushTo sends the configuration and begins to use the key.
func (s *server) pushTo(key *serverKey) {
	s.t.Helper()
	replies, err := push.Replies(append([]string{"cipher " + s.cipher, "peer-id 7"}, s.options...), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, reply := range replies {
		s.say(key, reply)
	}
	var assembler push.Assembler
	for _, reply := range replies {
		if _, err := assembler.Add(reply); err != nil {
			s.t.Fatal(err)
		}
	}
	options, err := assembler.Options(push.Policy{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.ekm = options.ProtocolFlags.TLSEKM
	if options.ProtocolFlags.DynTLSCrypt {
		state, _ := key.channel.TLSState()
		material, err := state.ExportKeyingMaterial(tlswrap.DynamicLabel, nil, tlswrap.DynamicSize)
		if err != nil {
			s.t.Fatal(err)
		}
		if s.dynamic, err = s.wrap.Dynamic(material); err != nil {
			s.t.Fatal(err)
		}
	}
	s.install(key)
}

// say sends a control message.
func (s *server) say(key *serverKey, message push.Message) {
	key.channel.Write(append([]byte(message.Text()), 0))
}

// install makes the key's data channel keys and uses them.
func (s *server) install(key *serverKey) {
	s.t.Helper()
	key.installed = true
	material := keymethod.Derive(&key.peer.Source, &key.source, s.remote, s.session)
	if s.ekm {
		state, _ := key.channel.TLSState()
		var err error
		if material, err = keymethod.Export(&state); err != nil {
			s.t.Fatal(err)
		}
	}
	s.installMaterial(key, material)
}
