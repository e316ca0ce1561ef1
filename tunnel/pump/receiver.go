package pump

import (
	"bytes"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.zx2c4.com/wireguard/tun"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/datachannel"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/mssfix"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// Receiver takes packets from a connection for as long as it lasts: control packets go to a callback, data packets are opened into a device.
type Receiver struct {
	conn    transport.Conn
	data    *datachannel.Channel
	control func([]byte)
	logger  *slog.Logger
	sink    atomic.Pointer[sink]
	dropped atomic.Uint64

	// Of the goroutine of Run.
	frames  [][]byte
	memory  buffers // for as many packets as the device takes at once; one before there is a device
	sizes   []int
	writes  [][]byte
	failing bool // the last write to the device failed
}

// sink is where opened packets go.
type sink struct {
	device tun.Device
	mss    mssfix.Limit
}

// NewReceiver prepares to read from a connection. control gets a copy of each control packet, from the goroutine of Run, and must not
// block. logger may be nil.
func NewReceiver(conn transport.Conn, data *datachannel.Channel, control func([]byte), logger *slog.Logger) *Receiver {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Receiver{conn: conn, data: data, control: control, logger: logger}
}

// SetDevice writes to a device from now on. Before, data packets are dropped.
func (r *Receiver) SetDevice(device tun.Device, mss mssfix.Limit) {
	r.sink.Store(&sink{device: device, mss: mss})
}

// Dropped is how many authentic packets were dropped because there was no device or they were no whole IP packets, and how many times the
// device did not take all of a batch.
func (r *Receiver) Dropped() uint64 { return r.dropped.Load() }

// Run pumps until the connection ends, and returns why: io.EOF where the gateway closed it. It is to be called once.
func (r *Receiver) Run() error {
	defer r.free()
	for {
		packets, err := r.conn.ReadPackets()
		now := time.Now()
		r.deliver(now, packets)
		if err != nil && !transport.Transient(err) {
			return err
		}
	}
}

func (r *Receiver) deliver(now time.Time, packets [][]byte) {
	r.frames = r.frames[:0]
	for _, p := range packets {
		switch {
		case packet.IsData(p):
			r.frames = append(r.frames, p)
		default:
			// What is neither goes along: it is for the session to count what is strange.
			r.control(bytes.Clone(p))
		}
	}
	if len(r.frames) == 0 {
		return
	}
	sink := r.sink.Load()
	count := 1
	if sink != nil {
		count = sink.device.BatchSize()
	}
	if len(r.memory.each) < count {
		r.makeRoom(count)
	}
	for frames := r.frames; len(frames) > 0; {
		n := min(len(frames), count)
		// Without a device too: pings and other messages to the session itself count while it is being set up.
		opened := r.data.Open(now, frames[:n], r.memory.each, r.sizes, deviceOffset)
		if sink == nil {
			r.dropped.Add(uint64(opened))
		} else {
			r.write(sink, opened)
		}
		frames = frames[n:]
	}
}

// makeRoom makes buffers for as many packets as are opened at once.
func (r *Receiver) makeRoom(count int) {
	r.free()
	r.memory, r.sizes, r.writes = makeBuffers(count, largestWrite), make([]int, count), make([][]byte, 0, count)
}

func (r *Receiver) free() {
	if r.memory.release != nil {
		r.memory.release()
	}
	r.memory = buffers{}
}

// write hands the opened packets to the device, which merges runs of them.
func (r *Receiver) write(sink *sink, opened int) {
	r.writes = r.writes[:0]
	for i := range opened {
		buffer := r.memory.each[i]
		p, ok := wholePacket(buffer[deviceOffset : deviceOffset+r.sizes[i]])
		if !ok {
			r.dropped.Add(1)
			continue
		}
		sink.mss.Clamp(p)
		// The capacity stays that of the buffer, for what the device merges behind it.
		r.writes = append(r.writes, buffer[:deviceOffset+len(p)])
	}
	if len(r.writes) == 0 {
		return
	}
	_, err := sink.device.Write(r.writes, deviceOffset)
	if err != nil {
		r.dropped.Add(1)
		if !r.failing { // a device that is down refuses every batch
			r.logger.Debug("packets not written to the device", "error", err)
		}
	}
	r.failing = err != nil
}
