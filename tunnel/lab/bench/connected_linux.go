package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// connected is what is measured of connected clients.
type connected struct {
	goodput, cpu   [2]measured // down and up
	start, latency measured
	idle, loaded   measured
}

// settle is how long after connecting a client counts as idle.
const settle = time.Second

// connect starts a contender and waits for the first ping through its tunnel.
func (b *bench) connect(ctx context.Context, l *lab.Lab, c contender) (*client, time.Duration, error) {
	ping, err := newPinger(ctx, l.Laptop, l.VNet.Address)
	if err != nil {
		return nil, 0, err
	}
	defer ping.close()
	began := time.Now()
	running, err := b.start(ctx, l, c)
	if err != nil {
		return nil, 0, err
	}
	took, err := ping.first(ctx, began, connectLimit)
	if err != nil {
		return nil, 0, fmt.Errorf("%w\n%s", errors.Join(err, running.stop()), running.output())
	}
	return running, took, nil
}

func (b *bench) measureStart(ctx context.Context, l *lab.Lab, c contender, start *measured) error {
	running, took, err := b.connect(ctx, l, c)
	if err != nil {
		return err
	}
	start.add(c, milliseconds(took))
	return running.stop()
}

func (b *bench) measureConnected(ctx context.Context, l *lab.Lab, c contender, m *connected) (err error) {
	running, took, err := b.connect(ctx, l, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.stop()) }()
	m.start.add(c, milliseconds(took))
	time.Sleep(settle)
	idle, err := residentMemory(running.pid)
	if err != nil {
		return err
	}
	m.idle.add(c, mebibytes(idle))
	if err := b.measureLatency(ctx, l, c, &m.latency); err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	defer stop()
	most := watchMemory(loading, running.pid)
	for direction, down := range []bool{true, false} {
		before, err := cpuTime(running.pid)
		if err != nil {
			return err
		}
		carried, err := transferFor(ctx, l, b.effort.transfer, down)
		if err != nil {
			return err
		}
		after, err := cpuTime(running.pid)
		if err != nil {
			return err
		}
		m.goodput[direction].add(c, carried.bytes*8/1e9/carried.seconds)
		m.cpu[direction].add(c, (after-before).Seconds()/(carried.bytes/1e9))
	}
	stop()
	m.loaded.add(c, mebibytes(<-most))
	return nil
}

// measureLatency compares pings through the tunnel with pings to the gateway's outer address.
func (b *bench) measureLatency(ctx context.Context, l *lab.Lab, c contender, latency *measured) error {
	through, err := newPinger(ctx, l.Laptop, l.VNet.Address)
	if err != nil {
		return err
	}
	defer through.close()
	beside, err := newPinger(ctx, l.Laptop, l.Outside.Address)
	if err != nil {
		return err
	}
	defer beside.close()
	direct, err := beside.roundTrip(b.effort.pings)
	if err != nil {
		return err
	}
	tunnelled, err := through.roundTrip(b.effort.pings)
	if err != nil {
		return err
	}
	latency.add(c, milliseconds(tunnelled-direct))
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mebibytes(bytes float64) float64 { return bytes / (1 << 20) }
