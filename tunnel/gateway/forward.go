package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.zx2c4.com/wireguard/tun"
)

const (
	// maxPacket is the largest packet of a device, in bytes, merged ones included.
	maxPacket = 65535
	// deviceOffset is the room in front of a packet that a device may use for its own header, in bytes.
	deviceOffset = 16
	// stride is the distance between the buffers of a batch in bytes: mostly only their beginnings are used, which the odd rest spreads
	// over the sets of the processor's cache.
	stride = maxPacket + 1 + 1<<10 + 64
)

// packetBuffers are buffers for n packets, each large enough for any, deviceOffset in front included.
func packetBuffers(n int) [][]byte {
	memory := make([]byte, n*stride)
	buffers := make([][]byte, n)
	for i := range buffers {
		start := i * stride
		buffers[i] = memory[start : start+deviceOffset+maxPacket : start+deviceOffset+maxPacket]
	}
	return buffers
}

// forward reads packets from the device and sends each to its client, until the device is closed.
func (s *Server) forward(context.Context) error {
	device := s.config.Device
	buffers := packetBuffers(device.BatchSize())
	sizes := make([]int, len(buffers))
	receivers := make([]*client, 0, len(buffers))
	for {
		n, err := device.Read(buffers, sizes, 0)
		if err != nil && !errors.Is(err, tun.ErrTooManySegments) {
			return fmt.Errorf("read packets: %w", err)
		}
		table := s.router.table.Load()
		last, to := netip.Addr{}, (*client)(nil)
		for i := range n {
			packet := buffers[i][:sizes[i]]
			// What is read together mostly goes together.
			if address := destination(packet); address != last {
				last, to = address, table.find(address)
			}
			if to == nil {
				continue
			}
			if len(to.pending) == 0 {
				receivers = append(receivers, to)
			}
			to.pending = append(to.pending, packet)
		}
		for _, client := range receivers {
			client.forward()
		}
		receivers = receivers[:0]
	}
}

// forward sends the packets that were gathered for the client.
func (c *client) forward() {
	inner := c.inner.Load()
	if inner != nil && !c.server.faults.Load().DropData {
		for _, packet := range c.pending {
			inner.mss.Clamp(packet)
		}
		c.link.writePackets(c.data, c.pending)
	}
	clear(c.pending)
	c.pending = c.pending[:0]
}

// delivery is the memory for packets on their way from clients to the device.
type delivery struct {
	buffers [][]byte
	sizes   []int
	packets [][]byte
}

// deliveries lends memory to the goroutines that read from clients: there may be many of them, and few work at a time.
type deliveries struct {
	device tun.Device
	batch  int
	idle   chan *delivery
}

// maxIdleDeliveries bounds how much memory is kept: 8 MiB each, of which the system gives what is touched.
const maxIdleDeliveries = 4

// batchWithoutDevice is how many packets are opened at a time when they go nowhere.
const batchWithoutDevice = 64

func newDeliveries(device tun.Device) *deliveries {
	d := &deliveries{device: device, batch: batchWithoutDevice, idle: make(chan *delivery, maxIdleDeliveries)}
	if device != nil {
		d.batch = device.BatchSize()
	}
	return d
}

func (d *deliveries) borrow() *delivery {
	select {
	case delivery := <-d.idle:
		return delivery
	default:
		return &delivery{buffers: packetBuffers(d.batch), sizes: make([]int, d.batch), packets: make([][]byte, 0, d.batch)}
	}
}

func (d *deliveries) giveBack(delivery *delivery) {
	select {
	case d.idle <- delivery:
	default:
	}
}

// open decrypts data packets from the client and writes those that are its own to the device. It reports whether any was authentic.
func (c *client) open(frames [][]byte) (authentic bool) {
	inner := c.inner.Load()
	if inner == nil {
		return false
	}
	d := c.server.buffers.borrow()
	defer c.server.buffers.giveBack(d)
	for chunk := range slices.Chunk(frames, c.server.buffers.batch) {
		n, any := c.data.open(chunk, d)
		authentic = authentic || any
		c.write(d, n, inner)
	}
	return authentic
}

// write gives the first n packets of a delivery to the device, without those that another address sent.
func (c *client) write(d *delivery, n int, inner *inner) {
	device := c.server.config.Device
	if device == nil || c.server.faults.Load().DropData {
		return
	}
	d.packets = d.packets[:0]
	for i := range n {
		packet := d.buffers[i][:deviceOffset+d.sizes[i]]
		if inner.allows(packet[deviceOffset:]) {
			inner.mss.Clamp(packet[deviceOffset:])
			d.packets = append(d.packets, packet)
		}
	}
	if len(d.packets) == 0 {
		return
	}
	if _, err := device.Write(d.packets, deviceOffset); err != nil {
		c.logger.Debug("packets lost at the device", "error", err)
	}
}

// openFrom opens data packets that a UDP client sent from an address. Authentic ones from a new address say that the
// client has moved there.
func (c *client) openFrom(frames [][]byte, from netip.AddrPort) {
	link, ok := c.link.(*datagramLink)
	if !ok || !c.open(frames) || link.remote() == from {
		return
	}
	c.logger.Info("client moved", "to", from.String())
	link.address.Store(&from)
}
