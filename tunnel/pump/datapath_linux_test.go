package pump

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns/netnstest"
)

// dataPath is a tunnel between two namespaces: devices, pumps, data channel and transport, each end a process of its own.
type dataPath struct {
	laptop, behind *netns.Namespace
	client         *endProcess
}

// endProcess is one end that runs.
type endProcess struct {
	input io.WriteCloser
	lines *bufio.Scanner
}

func newDataPath(t testing.TB, stream bool, cipher string) *dataPath {
	t.Helper()
	d := &dataPath{laptop: netnstest.New(t, "laptop"), behind: netnstest.New(t, "gateway")}
	if err := netns.Connect(d.laptop, "eth0", d.behind, "eth0"); err != nil {
		t.Fatal(err)
	}
	for end, namespace := range map[string]*netns.Namespace{"client": d.laptop, "gateway": d.behind} {
		if err := namespace.AddAddress("eth0", outerAddress[end]); err != nil {
			t.Fatal(err)
		}
	}
	gateway := startEnd(t, d.behind, "gateway", stream, cipher)
	gateway.expect(t, "listening")
	d.client = startEnd(t, d.laptop, "client", stream, cipher)
	d.client.expect(t, "ready")
	gateway.expect(t, "ready")
	return d
}

// startEnd runs this program again, as an end. It ends with the test.
func startEnd(t testing.TB, namespace *netns.Namespace, end string, stream bool, cipher string) *endProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := namespace.Command(context.Background(), self)
	command.Env = append(os.Environ(), endVariable+"="+end, streamVariable+"="+strconv.FormatBool(stream), cipherVariable+"="+cipher)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = writer
	ended, err := netns.StartTied(command)
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			command.Process.Kill()
			<-ended
		}
		reader.Close()
	})
	return &endProcess{input: input, lines: bufio.NewScanner(reader)}
}

func (e *endProcess) expect(t testing.TB, line string) {
	t.Helper()
	for e.lines.Scan() {
		if e.lines.Text() == line {
			return
		}
	}
	t.Fatalf("an end of the data path did not become %s: %v", line, e.lines.Err())
}

// cpuTime is what the end's process has used, itself and in the kernel.
func (e *endProcess) cpuTime(t testing.TB) time.Duration {
	t.Helper()
	if _, err := io.WriteString(e.input, "\n"); err != nil {
		t.Fatal(err)
	}
	if !e.lines.Scan() {
		t.Fatal("an end of the data path has gone")
	}
	used, err := strconv.ParseInt(e.lines.Text(), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(used)
}

// Bytes that go through devices, offloads, ciphers and sockets arrive as they were, both ways at once, over IPv4 and IPv6.
func TestDataPathCarriesBytesUnchanged(t *testing.T) {
	for _, transport := range []string{"tcp", "udp"} {
		for _, cipher := range []string{"AES-256-GCM", "CHACHA20-POLY1305", "AES-256-CBC"} {
			t.Run(transport+" "+cipher, func(t *testing.T) {
				d := newDataPath(t, transport == "tcp", cipher)
				size := int64(16 << 20)
				if testing.Short() {
					size = 1 << 20
				}
				for _, address := range []netip.Prefix{deviceAddress["gateway"], deviceIPv6["gateway"]} {
					d.exchange(t, address.Addr(), size)
				}
			})
		}
	}
}

// exchange sends bytes both ways at once through a TCP connection in the tunnel.
func (d *dataPath) exchange(t *testing.T, address netip.Addr, size int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	listener, err := d.behind.Listen(ctx, "tcp", netip.AddrPortFrom(address, 0).String())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := d.laptop.Dial(ctx, "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	deadline, _ := ctx.Deadline()
	near.SetDeadline(deadline)
	far.SetDeadline(deadline)
	results := make(chan error, 4)
	for seed, ends := range [][2]net.Conn{{near, far}, {far, near}} {
		sent, received := sha256.New(), sha256.New()
		go func() {
			random := rand.NewChaCha8([32]byte{byte(seed)})
			_, err := io.CopyN(io.MultiWriter(ends[0], sent), random, size)
			results <- err
		}()
		go func() {
			if _, err := io.CopyN(received, ends[1], size); err != nil {
				results <- err
				return
			}
			if got, want := string(received.Sum(nil)), wanted(byte(seed), size); got != want {
				results <- fmt.Errorf("direction %d: other bytes came out", seed)
				return
			}
			results <- nil
		}()
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// wanted is the hash of what exchange sends.
func wanted(seed byte, size int64) string {
	hash := sha256.New()
	io.CopyN(hash, rand.NewChaCha8([32]byte{seed}), size)
	return string(hash.Sum(nil))
}

// A device that is set down refuses packets; the pumps outlast that, and a device that is up again carries packets as before.
func TestDataPathOutlastsADeviceThatIsDown(t *testing.T) {
	d := newDataPath(t, false, "AES-256-GCM")
	for range 3 {
		d.exchange(t, deviceAddress["gateway"].Addr(), 1<<20)
		if err := d.laptop.SetDown("tun0"); err != nil {
			t.Fatal(err)
		}
		// Sent while the client's device is down: its pump gets them and cannot write them.
		socket, err := d.behind.Dial(t.Context(), "udp", netip.AddrPortFrom(deviceAddress["client"].Addr(), 9).String())
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			if _, err := socket.Write(make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		socket.Close()
		if err := d.laptop.SetUp("tun0"); err != nil {
			t.Fatal(err)
		}
	}
	d.exchange(t, deviceAddress["gateway"].Addr(), 1<<20)
}

// BenchmarkDataPath is the goodput of one TCP connection, and what the client's process uses of the processors for it: the floor of what a
// session costs. Both ends and iperf3 share the machine. With FOOTBRIDGE_DATAPATH_PROFILE set to a folder, it leaves CPU profiles of the client there.
func BenchmarkDataPath(b *testing.B) {
	for _, transport := range []string{"tcp", "udp"} {
		for _, direction := range []string{"up", "down"} {
			b.Run(transport+" "+direction, func(b *testing.B) {
				d := newDataPath(b, transport == "tcp", "AES-256-GCM")
				var bytes, seconds float64
				var cpu time.Duration
				for b.Loop() {
					before := d.client.cpuTime(b)
					gotBytes, gotSeconds := d.transfer(b, 3, direction == "down")
					cpu += d.client.cpuTime(b) - before
					bytes, seconds = bytes+gotBytes, seconds+gotSeconds
				}
				b.ReportMetric(bytes*8/1e9/seconds, "Gbit/s")
				b.ReportMetric(cpu.Seconds()/(bytes/1e9), "cpu-s/GB")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// transfer runs iperf3 through the tunnel, and returns what the receiving side got.
func (d *dataPath) transfer(t testing.TB, seconds int, down bool) (bytes, took float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds+20)*time.Second)
	defer cancel()
	address := deviceAddress["gateway"].Addr().String()
	server := d.behind.Command(ctx, "iperf3", "--server", "--one-off", "--bind", address, "--forceflush")
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	server.Stdout = writer
	ended, err := netns.StartTied(server)
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		server.Process.Kill()
		<-ended
	}()
	for lines := bufio.NewScanner(reader); lines.Scan() && !strings.Contains(lines.Text(), "listening"); {
	}
	go io.Copy(io.Discard, reader)
	arguments := []string{"--client", address, "--time", strconv.Itoa(seconds), "--json", "--connect-timeout", "5000"}
	if down {
		arguments = append(arguments, "--reverse")
	}
	output, err := d.laptop.Command(ctx, "iperf3", arguments...).Output()
	var result struct {
		Error string
		End   struct {
			Received struct{ Seconds, Bytes float64 } `json:"sum_received"`
		}
	}
	if parsed := json.Unmarshal(output, &result); parsed != nil || result.Error != "" || result.End.Received.Bytes == 0 {
		t.Fatalf("iperf3: %v, %v, %s", err, parsed, result.Error)
	}
	return result.End.Received.Bytes, result.End.Received.Seconds
}
