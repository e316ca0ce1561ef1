package pump

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Sender takes packets from a device for as long as the device lives and sends them over the link of the moment. Without a link they
// are dropped, so that nothing old is sent when a new session begins.
type Sender struct {
	device  tun.Device
	logger  *slog.Logger
	link    atomic.Pointer[Link]
	dropped atomic.Uint64
	ended   chan struct{}
}

// NewSender prepares to read from a device. logger may be nil.
func NewSender(device tun.Device, logger *slog.Logger) *Sender {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Sender{device: device, logger: logger, ended: make(chan struct{})}
}

// SetLink sends over another link from now on; nil: none.
func (s *Sender) SetLink(link *Link) { s.link.Store(link) }

// Dropped is how many packets were dropped because there was no link, or the link did not want or take them, or the device could not read them.
func (s *Sender) Dropped() uint64 { return s.dropped.Load() }

// Wait returns when Run has returned.
func (s *Sender) Wait() { <-s.ended }

// Run pumps until the device is closed. It is to be called once.
func (s *Sender) Run() error {
	defer close(s.ended)
	count := s.device.BatchSize()
	memory, sizes := makeBuffers(count, largestRead), make([]int, count)
	defer memory.release()
	packets := make([][]byte, 0, count)
	var batch packet.Batch
	failures := 0
	for {
		n, err := s.device.Read(memory.each, sizes, deviceOffset)
		if n > 0 {
			packets = packets[:0]
			for i := range n {
				packets = append(packets, memory.each[i][deviceOffset:deviceOffset+sizes[i]])
			}
			s.send(&batch, packets)
		}
		switch {
		case err == nil, errors.Is(err, tun.ErrTooManySegments):
			failures = 0
		case errors.Is(err, os.ErrClosed):
			return nil
		default:
			s.dropped.Add(1)
			s.logger.Debug("packet not read from the device", "error", err)
			if failures++; failures > toleratedFailures {
				return fmt.Errorf("read from device: %w", err)
			}
		}
	}
}

// toleratedFailures is how many reads in a row may fail before the device counts as broken. A single packet that it cannot take apart
// must not end the tunnel.
const toleratedFailures = 16

// send seals what the link wants of the packets into one batch and writes it.
func (s *Sender) send(batch *packet.Batch, packets [][]byte) {
	link := s.link.Load()
	if link == nil {
		s.dropped.Add(uint64(len(packets)))
		return
	}
	wanted := packets[:0]
	for _, p := range packets {
		if link.wants(p) {
			link.MSS.Clamp(p)
			wanted = append(wanted, p)
		}
	}
	s.dropped.Add(uint64(len(packets) - len(wanted)))
	if len(wanted) == 0 {
		return
	}
	batch.Reset()
	batch.Stream = link.Conn.Stream()
	if err := link.Data.Seal(time.Now(), batch, wanted); err != nil {
		s.dropped.Add(uint64(len(wanted)))
		if !errors.Is(err, datachannel.ErrNoKey) {
			s.logger.Warn("packets not sealed", "error", err)
		}
		return
	}
	if err := link.Conn.WritePackets(batch); err != nil && !transport.Transient(err) {
		s.dropped.Add(uint64(len(wanted)))
		// The session learns of a broken connection from the receiver; until it does, packets go nowhere.
		s.link.CompareAndSwap(link, nil)
		s.logger.Debug("packets not sent", "error", err)
	}
}
