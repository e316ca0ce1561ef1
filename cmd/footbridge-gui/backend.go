//go:build cgo

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/client/signin/keyring"
	"github.com/footbridge-vpn/footbridge/profiles/officialclient"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui/accounts"
	"github.com/footbridge-vpn/footbridge/ui/control"
)

// backend is the client, for the window.
type backend struct {
	*client.Connector
	service *api.Client
	asker   *laterAsker
	texts   *language.Texts
}

// newBackend connects the window with the service and the user's profiles.
func newBackend(service *api.Client, profiles *store.Store, socket string, texts *language.Texts, logger *slog.Logger) *backend {
	b := &backend{service: service, asker: &laterAsker{}, texts: texts}
	b.Connector = client.NewConnector(client.Options{Service: service, Profiles: profiles, Asker: b.asker, Entra: b.entraProvider,
		Passwords: client.Passwords{Open: openKeyring, Logger: logger}, Background: background(socket), Logger: logger})
	return b
}

// Model implements ui.Backend.
func (b *backend) Model() control.Model { return b.Connector.Model() }

// Reload implements ui.Backend.
func (b *backend) Reload() { b.Connector.Model().Reload() }

// History implements ui.Backend.
func (b *backend) History(ctx context.Context, limit int) (*api.History, error) {
	return b.service.History(ctx, limit)
}

// Run implements ui.Backend.
func (b *backend) Run(ctx context.Context, asker signin.Asker) {
	b.asker.asker = asker
	b.Connector.Run(ctx)
}

// serviceUnit is the service's name in systemd.
const serviceUnit = "footbridged.service"

// StartService implements ui.Backend. systemctl has the desktop ask for an administrator.
func (b *backend) StartService(ctx context.Context) error {
	var command *exec.Cmd
	switch runtime.GOOS {
	case "windows":
		command = exec.CommandContext(ctx, "sc.exe", "start", "footbridged")
	case "darwin":
		command = exec.CommandContext(ctx, "launchctl", "kickstart", "system/io.github.footbridge-vpn.footbridged")
	default:
		command = exec.CommandContext(ctx, "systemctl", "start", serviceUnit)
	}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("start service: %s: %w", strings.TrimSpace(string(out)), err)
	}
	return nil
}

// OfficialProfiles implements ui.Backend.
func (b *backend) OfficialProfiles() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return officialclient.Find(home, officialclient.System(runtime.GOOS))
}

// keyringVariable chooses where sign-ins and passwords rest, as for the command line.
const keyringVariable = "FOOTBRIDGE_KEYRING"

func openKeyring(ctx context.Context) (keyring.Keyring, error) {
	opened, _, err := openKeyringWithChoice(ctx)
	return opened, err
}

// openKeyringWithChoice also says where secrets rest.
func openKeyringWithChoice(ctx context.Context) (keyring.Keyring, keyring.Choice, error) {
	return keyring.Open(ctx, keyring.Options{Preference: keyring.Preference(os.Getenv(keyringVariable))})
}

func (b *backend) accountsProvider(ctx context.Context) (accounts.Provider, error) {
	return b.entraProvider(ctx)
}

// entraProvider signs users in. What the browser shows at the end is in the window's language.
func (b *backend) entraProvider(ctx context.Context) (*entra.Provider, error) {
	opened, err := openKeyring(ctx)
	if err != nil {
		return nil, err
	}
	return entra.New(entra.Options{Cache: opened, HTTPClient: http.DefaultClient, Page: client.FinishedPage(b.texts)}), nil
}

// background is the command line that answers for sessions after this program's end: the one beside it, or the one that is installed.
// Nothing where there is none.
func background(socket string) []string {
	name := "footbridge"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if own, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(own), name)
		if _, err := os.Stat(beside); err == nil {
			return agentCommand(beside, socket)
		}
	}
	if installed, err := exec.LookPath(name); err == nil {
		return agentCommand(installed, socket)
	}
	return nil
}

func agentCommand(program, socket string) []string {
	if socket == "" {
		socket = api.DefaultSocket
	}
	return []string{program, "agent", "--socket", socket}
}

// laterAsker asks in the window, which is made after what asks.
type laterAsker struct{ asker signin.Asker }

var _ signin.Asker = (*laterAsker)(nil)

func (l *laterAsker) Password(ctx context.Context, r signin.PasswordRequest) (signin.PasswordAnswer, error) {
	return l.asker.Password(ctx, r)
}

func (l *laterAsker) Challenge(ctx context.Context, r signin.ChallengeRequest) (secret.Text, error) {
	return l.asker.Challenge(ctx, r)
}

func (l *laterAsker) KeyPassphrase(ctx context.Context, r signin.PassphraseRequest) (secret.Text, error) {
	return l.asker.KeyPassphrase(ctx, r)
}

func (l *laterAsker) Browser(ctx context.Context, r signin.BrowserRequest) { l.asker.Browser(ctx, r) }

func (l *laterAsker) DeviceCode(ctx context.Context, c signin.DeviceCode) { l.asker.DeviceCode(ctx, c) }
