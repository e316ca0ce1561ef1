package openvpn

import (
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// installMaterial begins to use a key at the server.
func (s *server) installMaterial(key *serverKey, material keymethod.Keys) {
	s.t.Helper()
	keys, err := datachannel.NewKeys(datachannel.Parameters{
		Cipher: s.cipher, Digest: "SHA1", KeyID: key.channel.KeyID(), PeerID: packet.NoPeer, Compression: s.framing,
		Send: datachannel.KeyMaterial(material.ServerToClient), Receive: datachannel.KeyMaterial(material.ClientToServer),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.data.Install(keys)
	s.data.Use(key.channel.KeyID())
}

func open(data *datachannel.Channel, now time.Time, p []byte) string {
	into, sizes := [][]byte{make([]byte, 4096)}, []int{0}
	if data.Open(now, [][]byte{append([]byte(nil), p...)}, into, sizes, 0) == 0 {
		return ""
	}
	return string(into[0][:sizes[0]])
}

// receiveData opens a data packet at the server. An EXIT arrives in-band.
func (s *server) receiveData(now time.Time, p []byte) {
	if text := open(s.data, now, p); text != "" {
		s.received = append(s.received, text)
	}
	s.inBand = append(s.inBand, s.data.InBand()...)
}

// openAtClient does what the pump does with a data packet.
func (l *lab) openAtClient(p []byte) {
	if text := open(l.client.Data(), l.now, p); text != "" {
		l.received = append(l.received, text)
	}
}

// ipPacket makes a text look enough like an IPv4 packet.
func ipPacket(text string) []byte { return append([]byte{0x45}, text...) }

// exchange sends one packet each way and checks that both arrive at once.
func (l *lab) exchange(text string) {
	l.t.Helper()
	l.sendUp(text)
	l.sendDown(text)
	want := string(ipPacket(text))
	for end, got := range map[string][]string{"server": l.server.received, "client": l.received} {
		if len(got) == 0 || got[len(got)-1] != want {
			l.t.Errorf("%q did not arrive at the %s", text, end)
		}
	}
}

func (l *lab) sendUp(text string) {
	l.t.Helper()
	for _, p := range sealed(l, l.client.Data(), text) {
		l.server.receiveData(l.now, p)
	}
}

func (l *lab) sendDown(text string) {
	l.t.Helper()
	for _, p := range sealed(l, l.server.data, text) {
		l.openAtClient(p)
	}
}

func sealed(l *lab, data *datachannel.Channel, text string) [][]byte {
	l.t.Helper()
	batch := packet.Batch{Stream: l.server.stream}
	if err := data.Seal(l.now, &batch, [][]byte{ipPacket(text)}); err != nil {
		l.t.Fatal(err)
	}
	return [][]byte{batch.Buffer[batch.Prefix():]}
}
