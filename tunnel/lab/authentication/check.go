package authentication

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/gateway"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/entra"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
)

// Settings are what the program must know that decides about the logins of OpenVPN's gateway, which starts it for each (auth-user-pass-verify). They go
// to it in a file.
type Settings struct {
	Certificate bool            `json:"certificate"`
	Entra       *EntraSettings  `json:"entra,omitempty"`
	RADIUS      *RADIUSSettings `json:"radius,omitempty"`
}

// EntraSettings are about access tokens.
type EntraSettings struct {
	Issuer   string `json:"issuer"`
	Audience string `json:"audience"`
	KeysURL  string `json:"keys_url"`
	Address  string `json:"address"` // of the provider, host and port; its name need not be known
	Root     string `json:"root"`    // of the provider's TLS certificate, PEM
}

// RADIUSSettings are about user names and passwords.
type RADIUSSettings struct {
	Address netip.AddrPort `json:"address"`
	Secret  string         `json:"secret"`
}

// maxSettings bounds the file, in bytes.
const maxSettings = 1 << 20

// Write writes the settings to a file that only this user can read.
func (s Settings) Write(path string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return fmt.Errorf("write settings for checking logins: %w", err)
	}
	return nil
}

func readSettings(path string) (Settings, error) {
	file, err := os.Open(path)
	if err != nil {
		return Settings{}, err
	}
	defer file.Close()
	return parseSettings(file)
}

func parseSettings(from io.Reader) (settings Settings, err error) {
	decoder := json.NewDecoder(io.LimitReader(from, maxSettings))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&settings)
	return settings, err
}

// What OpenVPN does with a login (man page, auth-user-pass-verify): by the exit code of the program.
const (
	exitAccept   = 0
	exitReject   = 1
	exitDeferred = 2 // the decision will be in the file that auth_control_file names
)

// deferredVariable says to the program that it is the copy that goes on in the background.
const deferredVariable = "FOOTBRIDGE_LAB_DEFERRED"

// Check decides about the login in this process's environment, as OpenVPN starts programs. It returns the exit code, and why somebody is refused for
// the log. What asks a RADIUS server goes on in the background, since OpenVPN does nothing else meanwhile.
func Check(ctx context.Context, settingsPath string) (exit int, why error) {
	settings, err := readSettings(settingsPath)
	if err != nil {
		return exitReject, fmt.Errorf("check login: %w", err)
	}
	control := os.Getenv("auth_control_file")
	background := os.Getenv(deferredVariable) != ""
	if username := os.Getenv("username"); control != "" && !background && settings.RADIUS != nil && username != "" && username != EntraUsername {
		if exit, err = runBeside(); err != nil {
			return exitReject, fmt.Errorf("check login: %w", err)
		}
		return exit, nil
	}
	exit, why = settings.check(ctx)
	if background {
		verdict := "0"
		if exit == exitAccept {
			verdict = "1"
		}
		why = errors.Join(why, os.WriteFile(filepath.Clean(control), []byte(verdict), 0o600))
	}
	if why != nil {
		why = fmt.Errorf("check login: %w", why)
	}
	return exit, why
}

// holdUp is how long OpenVPN may be held up. A decision in the background takes it seconds to notice, so quick ones are better not made there.
const holdUp = 250 * time.Millisecond

// runBeside starts this program again, which decides, and says so itself where that takes longer than OpenVPN may wait.
func runBeside() (exit int, err error) {
	self, err := os.Executable()
	if err != nil {
		return exitReject, err
	}
	command := exec.Command(self, os.Args[1:]...)
	command.Env = append(os.Environ(), deferredVariable+"=1")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return exitReject, err
	}
	ended := make(chan struct{})
	go func() {
		command.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return command.ProcessState.ExitCode(), nil
	case <-time.After(holdUp):
		return exitDeferred, nil
	}
}

func (s *Settings) check(ctx context.Context) (exit int, why error) {
	decision, err := s.decide(ctx)
	if err != nil {
		return exitReject, err
	}
	if decision.Outcome == gateway.Accept {
		return exitAccept, nil
	}
	reason := decision.Refusal.Reason
	if decision.Challenge != nil {
		reason = strings.TrimPrefix(push.AuthFailed{Challenge: decision.Challenge}.Text(), "AUTH_FAILED,")
	}
	if file := os.Getenv("auth_failed_reason_file"); file != "" && reason != "" {
		if err := os.WriteFile(filepath.Clean(file), []byte(reason), 0o600); err != nil {
			return exitReject, err
		}
	}
	return exitReject, errors.New("refused")
}

func (s *Settings) decide(ctx context.Context) (gateway.Decision, error) {
	methods, err := s.methods()
	if err != nil {
		return gateway.Decision{}, err
	}
	login := gateway.Login{Username: os.Getenv("username"), Password: keymethod.Secret(os.Getenv("password")), PeerInfo: map[string]string{"IV_SSO": os.Getenv("IV_SSO")}}
	if address, err := netip.ParseAddr(os.Getenv("untrusted_ip")); err == nil {
		login.Remote = netip.AddrPortFrom(address, 0)
	}
	if os.Getenv("tls_serial_0") != "" { // OpenVPN has verified it
		login.ClientCertificate = &x509.Certificate{}
		login.ClientCertificate.Subject.CommonName = os.Getenv("X509_0_CN")
	}
	return methods.Authenticator()(ctx, login)
}

func (s *Settings) methods() (Methods, error) {
	methods := Methods{Certificate: s.Certificate}
	if s.Entra != nil {
		verifier, err := s.Entra.verifier()
		if err != nil {
			return methods, err
		}
		methods.Entra = Entra(func(token string) (entra.Claims, error) { return verifier.Validate(context.Background(), token) }, nil)
	}
	if s.RADIUS != nil {
		methods.RADIUS = RADIUS(&Server{Address: s.RADIUS.Address, Secret: s.RADIUS.Secret}, RADIUSOptions{})
	}
	return methods, nil
}

// verifier fetches the provider's keys over TLS.
func (s *EntraSettings) verifier() (*entra.Verifier, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(s.Root)) {
		return nil, errors.New("the settings have no root certificate of the identity provider")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	if s.Address != "" {
		transport.DialContext = dialTo(s.Address)
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: transport}
	return &entra.Verifier{Issuer: s.Issuer, Audience: s.Audience, Keys: entra.RemoteKeys(s.KeysURL, client)}, nil
}

// CheckCommand is the name of the command that programs offer for Check.
const CheckCommand = "check-login"

// IsCheckCommand reports whether a program was started for Check, by its arguments, and returns the path of the settings.
func IsCheckCommand(arguments []string) (settingsPath string, is bool) {
	if len(arguments) >= 3 && arguments[1] == CheckCommand && strings.HasSuffix(arguments[2], ".json") {
		return arguments[2], true
	}
	return "", false
}
