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

	buffers [][]byte
	sizes   []int
	writes  [][]byte
	frames  [][]byte
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

// Run pumps until the connection ends, and returns why: io.EOF where the gateway closed it. It is to be called once.
func (r *Receiver) Run() error {
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
	if sink == nil {
		r.openWithoutDevice(now)
		return
	}
	if r.buffers == nil {
		count := sink.device.BatchSize()
		r.buffers, r.sizes = makeBuffers(count, largestWrite), make([]int, count)
		r.writes = make([][]byte, 0, count)
	}
	for frames := r.frames; len(frames) > 0; {
		n := min(len(frames), len(r.buffers))
		r.write(sink, r.data.Open(now, frames[:n], r.buffers, r.sizes, deviceOffset))
		frames = frames[n:]
	}
}

// write hands the opened packets to the device, which merges runs of them.
func (r *Receiver) write(sink *sink, n int) {
	r.writes = r.writes[:0]
	for i := range n {
		p := r.buffers[i][:deviceOffset+r.sizes[i]]
		sink.mss.Clamp(p[deviceOffset:])
		r.writes = append(r.writes, p)
	}
	if len(r.writes) == 0 {
		return
	}
	if _, err := sink.device.Write(r.writes, deviceOffset); err != nil {
		r.logger.Debug("packets not written to the device", "error", err)
	}
}

// openWithoutDevice lets pings and other messages to the session itself be seen while it is being set up; packets are dropped.
func (r *Receiver) openWithoutDevice(now time.Time) {
	buffers, sizes := makeBuffers(1, largestWrite), make([]int, 1)
	for i := range r.frames {
		r.data.Open(now, r.frames[i:i+1], buffers, sizes, deviceOffset)
	}
}
