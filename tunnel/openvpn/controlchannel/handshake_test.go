package controlchannel_test

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/controlchannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

func TestHandshake(t *testing.T) {
	root := newAuthority(t, start)
	keys := map[string]crypto.Signer{"RSA": rsaKey(), "ECDSA": ecdsaKey(t)}
	for _, mode := range modes {
		for version, number := range tlsVersions {
			for kind, key := range keys {
				t.Run(fmt.Sprintf("%s, %s, %s", mode, version, kind), func(t *testing.T) {
					wrap := wrappers(t, mode)
					l := newLink(t,
						controlchannel.Config{Wrap: wrap[0], TLS: &tls.Config{
							RootCAs: root.pool, ServerName: "gateway", MaxVersion: number,
							Certificates: []tls.Certificate{root.issue(t, "laptop", key, start)},
						}},
						controlchannel.Config{Wrap: wrap[1], TLS: &tls.Config{
							ClientCAs: root.pool, ClientAuth: tls.RequireAndVerifyClientCert,
							Certificates: []tls.Certificate{root.issue(t, "gateway", key, start)},
						}})
					l.establish()
					state, _ := l.server.TLSState()
					if state.Version != number || state.PeerCertificates[0].Subject.CommonName != "laptop" {
						t.Errorf("version %#x with %v", state.Version, state.PeerCertificates[0].Subject)
					}
					l.exported("EXPORTER-OpenVPN-datakeys", 256)
					l.converse(300)
					if took := l.now.Sub(start); took != 0 {
						t.Errorf("took %v on a path without delay", took)
					}
				})
			}
		}
	}
}

func TestHandshakeTakesNoNeedlessRoundTrip(t *testing.T) {
	client, server := identities(t)
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	const oneWay = 50 * time.Millisecond
	l.fate = func(*end, []byte) (int, time.Duration) { return 1, oneWay }
	l.client.Write([]byte("key method 2"))
	l.run(func() bool { return len(l.server.received) > 0 })
	// Reset, its answer, hello, the server's flight, and the client's with the first message.
	if took := l.now.Sub(start); took != 5*oneWay {
		t.Errorf("first message arrived after %v, want %v", took, 5*oneWay)
	}
}

func TestHandshakeOverABadPath(t *testing.T) {
	for seed := range uint64(12) {
		for _, mode := range modes {
			t.Run(fmt.Sprintf("seed %d, %s", seed, mode), func(t *testing.T) {
				client, server := identities(t)
				wrap := wrappers(t, mode)
				window := 10 * time.Minute
				l := newLink(t, controlchannel.Config{TLS: client, Wrap: wrap[0], Window: window}, controlchannel.Config{TLS: server, Wrap: wrap[1], Window: window})
				l.fate = lossy(seed, 0.3)
				l.establish()
				l.converse(5000)
			})
		}
	}
}

func TestHugeMessages(t *testing.T) {
	client, server := identities(t)
	for _, stream := range []bool{false, true} {
		l := newLink(t, controlchannel.Config{TLS: client, Stream: stream}, controlchannel.Config{TLS: server, Stream: stream})
		l.establish()
		l.converse(64 << 10)
		l.converse(1 << 20)
	}
}

func TestAMessageIsARecord(t *testing.T) {
	for version, number := range tlsVersions {
		t.Run(version, func(t *testing.T) {
			client, server := identities(t)
			client.MaxVersion = number
			l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
			l.establish()
			messages := [][]byte{randomBytes(16 << 10), randomBytes(1), randomBytes(1500)}
			for _, message := range messages {
				l.client.Write(message)
			}
			var records [][]byte
			for !l.client.Delivered() {
				l.send()
				l.deliver()
				for record := l.server.ReadRecord(); record != nil; record = l.server.ReadRecord() {
					records = append(records, record)
				}
			}
			if !slices.EqualFunc(records, messages, bytes.Equal) {
				t.Errorf("%d messages arrived as %d records", len(messages), len(records))
			}
		})
	}
}

func TestWhatTravels(t *testing.T) {
	for _, mode := range modes {
		for _, stream := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, stream %v", mode, stream), func(t *testing.T) {
				client, server := identities(t)
				wrap := wrappers(t, mode)
				l := newLink(t,
					controlchannel.Config{TLS: client, Wrap: wrap[0], Stream: stream},
					controlchannel.Config{TLS: server, Wrap: wrap[1], Stream: stream})
				reset := wrap[0].ClientReset()
				l.establish()
				l.converse(20000)
				for _, e := range []*end{l.client, l.server} {
					if limit := controlchannel.DefaultMaxPacket - 48; e.largest > limit {
						t.Errorf("packet of %d bytes, at most %d", e.largest, limit)
					}
					acknowledged := map[uint32]int{}
					for _, c := range e.sent {
						limit := 4
						if c.Opcode == packet.AckV1 && !stream {
							limit = 8
						}
						if len(c.Acks) > limit {
							t.Errorf("%v with %d acknowledgements, at most %d", c.Opcode, len(c.Acks), limit)
						}
						for _, id := range c.Acks {
							acknowledged[id]++
						}
					}
					for id, times := range acknowledged {
						if stream && times > 1 {
							t.Errorf("message %d was acknowledged %d times on a stream", id, times)
						}
					}
				}
				if got := l.client.sent[0]; got.Opcode != reset || got.ID != 0 || len(got.Acks) > 0 {
					t.Errorf("client began with %v", got)
				}
				if got := l.server.sent[0]; got.Opcode != packet.HardResetServerV2 || !slices.Equal(got.Acks, []uint32{0}) || got.PeerSession != l.client.sent[0].Session {
					t.Errorf("server began with %v", got)
				}
				if got := l.client.sent[1]; got.Opcode != packet.ControlV1 || got.ID != 1 || !slices.Equal(got.Acks, []uint32{0}) {
					t.Errorf("client went on with %v", got)
				}
			})
		}
	}
}

func TestTheClockOfTheChannelJudgesCertificates(t *testing.T) {
	root := newAuthority(t, start)
	client, server := identities(t)
	client.RootCAs = root.pool
	server.Certificates = []tls.Certificate{root.issue(t, "gateway", ecdsaKey(t), start.Add(-24*time.Hour))}
	l := newLink(t, controlchannel.Config{TLS: client}, controlchannel.Config{TLS: server})
	l.run(func() bool { return false })
	expectVerificationError(t, l.client.Err(), func(err x509.CertificateInvalidError) bool { return err.Reason == x509.Expired })
}

func TestMaxPacket(t *testing.T) {
	client, server := identities(t)
	for _, size := range []int{1, 300, 2000} {
		l := newLink(t, controlchannel.Config{TLS: client, MaxPacket: size}, controlchannel.Config{TLS: server, MaxPacket: size})
		l.establish()
		l.converse(3000)
		if limit := max(size-48, 9+29+16); l.client.largest > limit || l.client.largest < limit-8-4*4 {
			t.Errorf("max packet %d: %d bytes were sent, the limit is %d", size, l.client.largest, limit)
		}
	}
}
