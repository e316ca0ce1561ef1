package lab_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"golang.zx2c4.com/wireguard/tun"
	"golang.zx2c4.com/wireguard/tun/tuntest"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel"
	"github.com/footbridge-vpn/footbridge/tunnel/host"
	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
)

// laptopCommand makes this program the client that connect starts on the laptop.
const laptopCommand = "connect-from-laptop"

// TestMain lets OpenVPN's gateway start this program to check logins, and connect on the laptop.
func TestMain(m *testing.M) {
	if settings, is := authentication.IsCheckCommand(os.Args); is {
		code, why := authentication.Check(context.Background(), settings)
		if why != nil {
			fmt.Fprintln(os.Stderr, why)
		}
		os.Exit(code)
	}
	if len(os.Args) == 2 && os.Args[1] == laptopCommand {
		if err := runLaptop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// answer is what a user brings besides the certificate: name and password, and the answer to a question.
type answer struct{ Username, Password, Response string }

// wanted is what the client on the laptop is told.
type wanted struct {
	Files  lab.Files
	Way    profiles.AuthenticationType
	Answer answer
}

// became is how its connection went.
type became struct {
	Code   tunnel.Code // empty: packets flow
	Detail string
	Waited bool     // the gateway made it wait
	Asked  []string // further questions
}

// connect connects from the laptop with one of the package's profiles, until packets flow or the gateway refuses.
func connect(t *testing.T, l *lab.Lab, way profiles.AuthenticationType, a answer) (result became) {
	t.Helper()
	told, err := json.Marshal(wanted{l.Files, way, a})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 18*time.Second)
	defer cancel()
	command := l.Laptop.Command(ctx, os.Args[0], laptopCommand)
	var complaints bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(told), &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, complaints.String())
	}
	if err := json.Unmarshal(output, &result); err != nil {
		t.Fatal(err)
	}
	return result
}

// runLaptop is the client.
func runLaptop() error {
	var w wanted
	if err := json.NewDecoder(os.Stdin).Decode(&w); err != nil {
		return err
	}
	profile, err := profileFor(w.Files.Package, w.Way)
	if err != nil {
		return err
	}
	c := &client{answer: w.Answer, up: make(chan struct{})}
	options := tunnel.Options{
		Profile: profile, LeaveDNS: true, Logger: slog.New(slog.DiscardHandler), Ask: c.ask, Observe: c.observe,
		Backoff:  tunnel.Backoff{First: time.Millisecond, Most: time.Millisecond},
		Computer: func(context.Context) (tunnel.Computer, error) { return computer{tuntest.NewChannelTUN()}, nil },
	}
	if w.Way == profiles.Certificate {
		pair, err := tls.LoadX509KeyPair(w.Files.Certificate, w.Files.Key)
		if err != nil {
			return err
		}
		options.Certificate = &pair
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- tunnel.New(options).Run(ctx) }()
	select {
	case <-c.up:
		cancel()
		<-ended
		c.became.Code, c.became.Detail = "", ""
	case err := <-ended:
		if c.became.Code == "" {
			return fmt.Errorf("ended without a reason: %w", err)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(c.became)
}

// profileFor is the profile for a way of signing in from the package.
func profileFor(path string, way profiles.AuthenticationType) (*profiles.Profile, error) {
	imported, err := profiles.ImportFile(path)
	if err != nil {
		return nil, err
	}
	for _, profile := range imported.Profiles {
		if profile.Authentication.Type == way {
			return profile, nil
		}
	}
	return nil, fmt.Errorf("the package has no profile for %s", way)
}

// client follows a connection.
type client struct {
	answer answer
	up     chan struct{}

	mu        sync.Mutex
	became    became
	passwords int
	isUp      bool
}

func (c *client) ask(_ context.Context, q tunnel.Question) (tunnel.Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if q.Text != "" {
		c.became.Asked = append(c.became.Asked, q.Text)
	}
	if q.Password {
		if c.passwords++; c.passwords > 1 {
			return tunnel.Answer{}, errors.New("no further password")
		}
	}
	return tunnel.Answer{Username: c.answer.Username, Password: secret.Text(c.answer.Password), Response: secret.Text(c.answer.Response)}, nil
}

func (c *client) observe(e tunnel.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Stage == tunnel.Pending:
		c.became.Waited = true
	case e.Kind == tunnel.KindSession && !c.isUp:
		c.isUp = true
		close(c.up)
	case e.Problem != nil && c.became.Code != tunnel.AuthFailed:
		c.became.Code, c.became.Detail = e.Problem.Code, e.Problem.Detail
	}
}

// computer stands for the laptop: nothing is set on it.
type computer struct{ device *tuntest.ChannelTUN }

func (c computer) Set(context.Context, host.Config) error { return nil }
func (c computer) Close() error                           { return c.device.TUN().Close() }
func (c computer) Device() tun.Device                     { return c.device.TUN() }
func (c computer) Name() string                           { return "test0" }
func (c computer) Warnings() []host.Warning               { return nil }
