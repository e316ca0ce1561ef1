package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// server is an iperf3 server for one run: between two, it would refuse connections for a moment.
type server struct {
	command *exec.Cmd
	ended   <-chan error
}

// startServer starts a server and waits until it listens.
func startServer(ctx context.Context, where *netns.Namespace, address netip.Addr) (*server, error) {
	command := where.Command(ctx, "iperf3", "--server", "--one-off", "--bind", address.String(), "--forceflush")
	reader, writer := io.Pipe()
	command.Stdout, command.Stderr = writer, writer
	ended, err := netns.StartTied(command)
	if err != nil {
		return nil, fmt.Errorf("start iperf3 server: %w", err)
	}
	passed := make(chan error, 1)
	go func() {
		err := <-ended
		writer.Close()
		passed <- err
	}()
	s := &server{command: command, ended: passed}
	lines := bufio.NewScanner(reader)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "listening") {
			go io.Copy(io.Discard, reader)
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("start iperf3 server: it does not listen")
}

// stop ends a server whatever it does. How it ends does not matter: what was measured is in the client's output.
func (s *server) stop() {
	s.command.Process.Kill()
	<-s.ended
}

// transfer is what one TCP connection carried.
type transfer struct {
	bytes   float64 // that the receiver got
	seconds float64
}

// transferFor sends for a while through the tunnel, up, or down from the network behind the gateway.
func transferFor(ctx context.Context, l *lab.Lab, length time.Duration, down bool) (transfer, error) {
	ctx, cancel := context.WithTimeout(ctx, length+20*time.Second)
	defer cancel()
	listening, err := startServer(ctx, l.Gateway, l.VNet.Address)
	if err != nil {
		return transfer{}, err
	}
	defer listening.stop()
	arguments := []string{"--client", l.VNet.Address.String(), "--time", strconv.Itoa(int(length.Seconds())), "--json", "--connect-timeout", "5000"}
	if down {
		arguments = append(arguments, "--reverse")
	}
	output, err := l.Laptop.Command(ctx, "iperf3", arguments...).Output()
	var result struct {
		Error string
		End   struct {
			Received struct{ Seconds, Bytes float64 } `json:"sum_received"`
		}
	}
	if parsed := json.Unmarshal(output, &result); parsed != nil {
		return transfer{}, fmt.Errorf("run iperf3: %w", errors.Join(err, parsed))
	}
	if result.Error != "" {
		return transfer{}, fmt.Errorf("run iperf3: %s", result.Error)
	}
	received := result.End.Received
	if received.Bytes == 0 || received.Seconds == 0 {
		return transfer{}, errors.New("run iperf3: nothing was transferred")
	}
	return transfer{received.Bytes, received.Seconds}, nil
}
