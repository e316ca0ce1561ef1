package agent

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// TokenKey is a private key that cannot leave its token: how another process of the user gets at it.
type TokenKey struct {
	Source settings.CertificateSource
	PIN    secret.Text
}

// handover is what one process of a user gives to another over its standard input: never in arguments, the environment or a file.
type handover struct {
	Session        string                      `json:"session"`
	Profile        string                      `json:"profile"`
	Type           profiles.AuthenticationType `json:"type"`
	Chain          []byte                      `json:"chain,omitempty"` // PEM
	Key            []byte                      `json:"key,omitempty"`   // PKCS #8
	Token          *settings.CertificateSource `json:"token,omitempty"`
	PIN            string                      `json:"pin,omitempty"`
	Username       string                      `json:"username,omitempty"`
	Password       string                      `json:"password,omitempty"`
	Entra          *profiles.Entra             `json:"entra,omitempty"`
	LoginHint      string                      `json:"login_hint,omitempty"`
	TrustAuthority bool                        `json:"trust_authority,omitempty"`
	SignIn         string                      `json:"sign_in,omitempty"` // where the profile wants none kept: from memory to memory
	Expires        time.Time                   `json:"expires,omitzero"`  // of the token that the gateway has
	Obtained       time.Time                   `json:"obtained,omitzero"`
}

// maxHandover bounds what is read, in bytes.
const maxHandover = 1 << 20

// readyLine is what the other process says once it follows the service.
const readyLine = "ready"

// handoverLimit bounds how long the other process has to get ready.
const handoverLimit = 15 * time.Second

// HandOver starts a program of the user in the background, gives it a session's secrets and returns when it keeps the session. token is
// set where the certificate's key is on a token.
func (a *Agent) HandOver(ctx context.Context, session string, token *TokenKey, program string, arguments ...string) error {
	a.mu.Lock()
	kept := a.kept[session]
	a.mu.Unlock()
	if kept == nil {
		return fmt.Errorf("hand session over: %w", ErrNoSessions)
	}
	kept.mu.Lock()
	given, err := newHandover(session, kept.secrets, token)
	present, obtained := kept.token, kept.renewed
	kept.mu.Unlock()
	if err != nil {
		return fmt.Errorf("hand session over: %w", err)
	}
	if !present.Expires.IsZero() {
		given.Expires, given.Obtained, given.LoginHint = present.Expires, obtained, present.Account // it stays this account's tunnel
	}
	if a.options.Tokens != nil && given.Entra != nil {
		given.SignIn = a.options.Tokens.Memory(session).Reveal()
	}
	data, err := json.Marshal(given)
	if err != nil {
		return fmt.Errorf("hand session over: %w", err)
	}
	defer clear(data)
	if err := give(ctx, data, program, arguments...); err != nil {
		return fmt.Errorf("hand session over: %w", err)
	}
	return nil
}

func newHandover(session string, s Secrets, token *TokenKey) (*handover, error) {
	given := &handover{Session: session, Profile: s.Profile, Type: s.Type, Username: s.Username, Password: s.Password.Reveal(), Entra: s.Entra,
		LoginHint: s.LoginHint, TrustAuthority: s.TrustAuthority}
	switch {
	case s.Certificate == nil:
		return given, nil
	case token != nil:
		given.Token, given.PIN = &token.Source, token.PIN.Reveal()
		return given, nil
	}
	for _, der := range s.Certificate.Certificate {
		given.Chain = append(given.Chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	key, err := x509.MarshalPKCS8PrivateKey(s.Certificate.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	given.Key = key
	return given, nil
}

// give starts the program apart from this one's terminal, so that it stays when the terminal is closed.
func give(ctx context.Context, data []byte, program string, arguments ...string) error {
	command := exec.Command(program, arguments...)
	command.Dir = "/"
	command.SysProcAttr = apart()
	command.Stdin = bytes.NewReader(data)
	said, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("start agent: %w", err)
	}
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(said, 4<<10)).ReadString('\n')
		answers <- strings.TrimSpace(line)
	}()
	ctx, cancel := context.WithTimeout(ctx, handoverLimit)
	defer cancel()
	select {
	case answer := <-answers:
		if answer == readyLine {
			return command.Process.Release()
		}
		err = fmt.Errorf("the agent in the background said %q", answer)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return errors.Join(err, command.Process.Kill(), ignoreKilled(command.Wait()))
}

// ignoreKilled is for a process that was ended on purpose.
func ignoreKilled(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// Serve is the other side: it takes a session over from in, says so on out, and keeps the session until it is over.
func Serve(ctx context.Context, in io.Reader, out io.Writer, options Options) error {
	data, err := io.ReadAll(io.LimitReader(in, maxHandover+1))
	if err != nil || len(data) > maxHandover {
		return errors.Join(errors.New("take session over: nothing that can be read was given"), err)
	}
	defer clear(data)
	var given handover
	if err := json.Unmarshal(data, &given); err != nil || given.Session == "" {
		return errors.New("take session over: what was given is not whole") // what exactly would quote it
	}
	secrets, err := given.secrets(ctx)
	if err != nil {
		return fmt.Errorf("take session over: %w", err)
	}
	if given.SignIn != "" && options.Tokens != nil {
		if err := options.Tokens.Recall(ctx, given.Session, secret.Text(given.SignIn)); err != nil {
			return fmt.Errorf("take session over: %w", err)
		}
	}
	a := New(options)
	a.Keep(ctx, given.Session, secrets)
	a.resume(given.Session, Token{Account: given.LoginHint, Expires: given.Expires}, given.Obtained)
	first := true
	err = a.Run(ctx, func() error {
		if first {
			first = false
			fmt.Fprintln(out, readyLine)
		}
		if a.Kept() == 0 {
			return ErrNoSessions
		}
		return nil
	})
	if errors.Is(err, ErrNoSessions) {
		return nil
	}
	return err
}

func (h handover) secrets(ctx context.Context) (Secrets, error) {
	s := Secrets{Profile: h.Profile, Type: h.Type, Username: h.Username, Password: secret.Text(h.Password), Entra: h.Entra, LoginHint: h.LoginHint,
		TrustAuthority: h.TrustAuthority}
	switch {
	case h.Token != nil:
		pin := func(context.Context, signin.PassphraseRequest) (secret.Text, error) { return secret.Text(h.PIN), nil }
		profile := &profiles.Profile{Name: h.Profile, Authentication: profiles.Authentication{Type: h.Type}}
		certificate, err := signin.Load(ctx, signin.SelectionFor(profile, h.Token), once(pin))
		if err != nil {
			return Secrets{}, err
		}
		s.Certificate = certificate
	case len(h.Key) > 0:
		key, err := x509.ParsePKCS8PrivateKey(h.Key)
		if err != nil {
			return Secrets{}, errors.New("the private key cannot be read")
		}
		certificate := &tls.Certificate{PrivateKey: key}
		for block, rest := pem.Decode(h.Chain); block != nil; block, rest = pem.Decode(rest) {
			certificate.Certificate = append(certificate.Certificate, block.Bytes)
		}
		s.Certificate = certificate
	}
	return s, nil
}

// once gives a PIN a single time: a token counts wrong ones and locks.
func once(ask signin.PassphraseFunc) signin.PassphraseFunc {
	given := false
	return func(ctx context.Context, request signin.PassphraseRequest) (secret.Text, error) {
		if given || request.Wrong {
			return "", signin.ErrNobodyToAsk
		}
		given = true
		return ask(ctx, request)
	}
}
