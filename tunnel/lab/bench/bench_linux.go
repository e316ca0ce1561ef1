package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/openvpnd"
)

// Options says what to measure.
type Options struct {
	Footbridge string       // path of the program footbridge
	Quick      bool         // shorter and fewer of everything, for a first look
	Gateways   []lab.Kind   // empty: both
	Progress   io.Writer    // what is going on, a line each; nil: silent
	Logger     *slog.Logger // of the lab; nil: silent
}

// bench is a run.
type bench struct {
	options Options
	effort  effort
	report  Report
}

// effort is how much of everything is measured.
type effort struct {
	transfer time.Duration // of one iperf3 run
	rounds   int           // of both clients in turn
	starts   int           // until the first ping, of each client
	pings    int
	routes   []int // how many to push
	repeats  int   // of each number of routes
}

func (o Options) effort() effort {
	if o.Quick {
		return effort{transfer: 2 * time.Second, rounds: 1, starts: 3, pings: 100, routes: []int{100, 4000}, repeats: 1}
	}
	return effort{transfer: 5 * time.Second, rounds: 2, starts: 7, pings: 300, routes: []int{100, 1000, 4000}, repeats: 3}
}

// connectLimit bounds how long a client may take from its start to packets flowing.
const connectLimit = 30 * time.Second

// Run measures both clients. It needs root, openvpn and iperf3.
func Run(ctx context.Context, options Options) (*Report, error) {
	b := newBench(options)
	if _, err := os.Stat(b.options.Footbridge); err != nil {
		return nil, fmt.Errorf("find the program footbridge: %w", err)
	}
	for _, program := range []string{"openvpn", "iperf3"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("find %s: %w (apt-get install %s)", program, err, program)
		}
	}
	b.report.Machine = b.describe(ctx)
	for _, kind := range b.options.Gateways {
		for _, transport := range []string{"tcp", "udp"} {
			if err := b.measureTransport(ctx, kind, transport); err != nil {
				return nil, fmt.Errorf("measure %s with the %s gateway: %w", transport, gatewayName(kind), err)
			}
		}
		for _, count := range b.effort.routes {
			if err := b.measureRoutes(ctx, kind, count); err != nil {
				return nil, fmt.Errorf("measure %d routes with the %s gateway: %w", count, gatewayName(kind), err)
			}
		}
	}
	return &b.report, nil
}

func newBench(options Options) *bench {
	if options.Progress == nil {
		options.Progress = io.Discard
	}
	if len(options.Gateways) == 0 {
		options.Gateways = []lab.Kind{lab.OpenVPN, lab.BuiltIn}
	}
	return &bench{options: options, effort: options.effort()}
}

func gatewayName(kind lab.Kind) string {
	if kind == lab.OpenVPN {
		return "OpenVPN"
	}
	return "built-in"
}

func (b *bench) progress(format string, values ...any) {
	fmt.Fprintf(b.options.Progress, format+"\n", values...)
}

// up makes a lab whose gateway speaks AES-256-GCM and nothing else.
func (b *bench) up(ctx context.Context, kind lab.Kind, transport string, routes int) (*lab.Lab, error) {
	pushed := pushedRoutes(routes)
	return lab.Up(ctx, lab.Options{Gateway: kind, Transport: transport, Logger: b.options.Logger,
		ChangeBuiltIn: func(config *gateway.Config) {
			config.Ciphers = []string{"AES-256-GCM"}
			config.Routes = append(config.Routes, pushed...)
		},
		ChangeOpenVPN: func(options *openvpnd.Options) { options.Routes = append(options.Routes, pushed...) },
	})
}

// measured are the values of one quantity, of each contender, in turn.
type measured [2][]float64

func (m *measured) add(c contender, value float64) { m[c] = append(m[c], value) }

func (b *bench) row(kind lab.Kind, quantity, unit string, m *measured) {
	b.report.Rows = append(b.report.Rows, Row{Gateway: gatewayName(kind), Quantity: quantity, Unit: unit,
		Footbridge: median(m[footbridge]), OpenVPN: median(m[openVPN])})
}

// measureTransport measures everything but the routes over one transport.
func (b *bench) measureTransport(ctx context.Context, kind lab.Kind, transport string) (err error) {
	l, err := b.up(ctx, kind, transport, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	var m connected
	for range b.effort.rounds {
		for _, c := range contenders() {
			b.progress("%s gateway, %s: %s under load", gatewayName(kind), transport, c)
			if err := b.measureConnected(ctx, l, c, &m); err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
		}
	}
	b.progress("%s gateway, %s: starts", gatewayName(kind), transport)
	for range b.effort.starts - b.effort.rounds {
		for _, c := range contenders() {
			if err := b.measureStart(ctx, l, c, &m.start); err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
		}
	}
	name := map[string]string{"tcp": "TCP", "udp": "UDP"}[transport]
	b.row(kind, name+" down, goodput", "Gbit/s", &m.goodput[0])
	b.row(kind, name+" up, goodput", "Gbit/s", &m.goodput[1])
	b.row(kind, name+" down, client CPU", "s/GB", &m.cpu[0])
	b.row(kind, name+" up, client CPU", "s/GB", &m.cpu[1])
	b.row(kind, name+", start to first ping", "ms", &m.start)
	b.row(kind, name+", added latency", "ms", &m.latency)
	b.row(kind, name+", memory idle", "MiB", &m.idle)
	b.row(kind, name+", memory loaded", "MiB", &m.loaded)
	return nil
}
