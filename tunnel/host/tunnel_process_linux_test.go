package host_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"

	"github.com/footbridge-vpn/footbridge/tunnel/host"
)

// tunnelOrder is what a tunnel process is told to do.
type tunnelOrder struct {
	Config host.Config
	// DieAt is what the log says when the process shall be killed; DieAfter how many times it says so before.
	DieAt    string
	DieAfter int
}

// runTunnelProcess opens a tunnel, and sets what it is told, a line each. It answers every line.
func runTunnelProcess() {
	logger := &lethalHandler{Handler: slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})}
	system, err := host.Open(context.Background(), host.Options{StateDir: stateDir, Logger: slog.New(logger)})
	fmt.Println(answerLine(err))
	if err != nil {
		return
	}
	go answerNames(system.Device(), tunnelNames)
	input := bufio.NewScanner(os.Stdin)
	input.Buffer(nil, 16<<20)
	for input.Scan() {
		var order tunnelOrder
		if err := json.Unmarshal(input.Bytes(), &order); err != nil {
			fmt.Println(answerLine(err))
			continue
		}
		logger.at, logger.after = order.DieAt, order.DieAfter
		fmt.Println(answerLine(system.Set(context.Background(), order.Config)))
	}
	if err := system.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerLine(err error) string {
	if err != nil {
		return strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	return "done"
}

// lethalHandler kills the process, as by kill -9, at a line of the log.
type lethalHandler struct {
	slog.Handler
	at    string
	after int
}

func (h *lethalHandler) Handle(ctx context.Context, record slog.Record) error {
	err := h.Handler.Handle(ctx, record)
	if h.at != "" && record.Message == h.at {
		if h.after == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		h.after--
	}
	return err
}

func (h *lethalHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// tunnelProcess is a tunnel in a process of its own.
type tunnelProcess struct {
	t       *testing.T
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Scanner
}

func startTunnel(t *testing.T) *tunnelProcess {
	t.Helper()
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), tunnelVariable+"=1")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	must(t, err)
	output, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	p := &tunnelProcess{t: t, command: command, input: input, output: bufio.NewScanner(output)}
	t.Cleanup(func() {
		if p.command.ProcessState == nil {
			p.kill()
		}
	})
	p.expect("done")
	return p
}

func (p *tunnelProcess) expect(wanted string) {
	p.t.Helper()
	if !p.output.Scan() || p.output.Text() != wanted {
		p.t.Fatalf("tunnel process said %q", p.output.Text())
	}
}

func (p *tunnelProcess) send(order tunnelOrder) {
	p.t.Helper()
	data, err := json.Marshal(order)
	must(p.t, err)
	if _, err := p.input.Write(append(data, '\n')); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tunnelProcess) set(config host.Config) {
	p.t.Helper()
	p.send(tunnelOrder{Config: config})
	p.expect("done")
}

// setAndDie sets config and waits until the process has killed itself at a line of its log.
func (p *tunnelProcess) setAndDie(config host.Config, at string, after int) {
	p.t.Helper()
	p.send(tunnelOrder{Config: config, DieAt: at, DieAfter: after})
	if p.output.Scan() {
		p.t.Fatalf("tunnel process lives and says %q", p.output.Text())
	}
	_ = p.command.Wait()
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		p.t.Fatalf("tunnel process ended with %v", p.command.ProcessState)
	}
}

func (p *tunnelProcess) kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}

// close ends the tunnel as it should.
func (p *tunnelProcess) close() {
	p.t.Helper()
	must(p.t, p.input.Close())
	for p.output.Scan() {
		p.t.Errorf("tunnel process said %q", p.output.Text())
	}
	must(p.t, p.command.Wait())
}

// tunnelNames answers as the tunnel's name server does.
func tunnelNames(query *dns.Msg) *dns.Msg { return addressReply(query, "10.88.0.7") }

// outsideNames answers as the local network's does: it knows nothing of the company.
func outsideNames(query *dns.Msg) *dns.Msg {
	name := strings.ToLower(query.Question[0].Name)
	if strings.Contains(name, "corp.contoso.com.") || strings.HasSuffix(name, "home.contoso.net.") {
		reply := new(dns.Msg)
		return reply.SetRcode(query, dns.RcodeNameError)
	}
	return addressReply(query, "198.51.100.7")
}

func addressReply(query *dns.Msg, address string) *dns.Msg {
	reply := new(dns.Msg)
	reply.SetReply(query)
	reply.RecursionAvailable = true
	question := query.Question[0]
	if question.Qtype == dns.TypeA {
		record, err := dns.NewRR(fmt.Sprintf("%s 5 IN A %s", question.Name, address))
		if err == nil {
			reply.Answer = append(reply.Answer, record)
		}
	}
	return reply
}
