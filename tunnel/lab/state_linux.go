package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/freeradius"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// State is what another process must know of a lab to use it and to take it down.
type State struct {
	Owner      netns.Owner         `json:"owner"`
	Gateway    Kind                `json:"gateway"`
	Transport  string              `json:"transport"`
	Host       string              `json:"host"`
	Files      Files               `json:"files"`
	User       bool                `json:"user"`      // it lives in a user namespace
	Computers  map[string]Computer `json:"computers"` // "laptop" and "gateway"
	Pages      []string            `json:"pages"`     // names of the pages behind the gateway
	Outside    string              `json:"outside"`   // name of the page that is not
	GatewayLog string              `json:"gateway_log,omitempty"`
	Entra      *EntraState         `json:"entra,omitempty"`  // the identity provider
	RADIUS     *RADIUSState        `json:"radius,omitempty"` // the RADIUS server
	Azure      *AzureState         `json:"azure,omitempty"`  // the resource manager
}

// EntraState is what to know of the lab's identity provider.
type EntraState struct {
	Authority string  `json:"authority"`
	Audience  string  `json:"audience"`
	Users     []Login `json:"users"`
	Control   string  `json:"control"` // socket for entra.Remote
}

// AzureState is what to know of the lab's resource manager.
type AzureState struct {
	Endpoint string   `json:"endpoint"` // the public cloud's, on the laptop
	Tenant   string   `json:"tenant"`   // whose administrators sign in
	Gateways []string `json:"gateways"` // resource ids
	Control  string   `json:"control"`  // socket for arm.Remote
}

// RADIUSState is what to know of the lab's RADIUS server.
type RADIUSState struct {
	Address netip.AddrPort `json:"address"` // in the virtual network
	Users   []Login        `json:"users"`
}

// Login is a user of the lab. The passwords protect nothing.
type Login struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Note     string `json:"note,omitempty"` // what happens when they sign in
}

// Computer is one of the lab's.
type Computer struct {
	Namespace string   `json:"namespace"`
	Enter     []string `json:"enter"` // nsenter's options
}

// maxState bounds a state file, in bytes.
const maxState = 1 << 20

// StateDirectoryVariable names the environment variable with another directory for the notes of running labs, so that labs can be kept
// apart.
const StateDirectoryVariable = "FOOTBRIDGE_LAB_STATE_DIR"

// stateDirectory is where running labs are noted, for root or for one user.
func stateDirectory() string {
	if directory := os.Getenv(StateDirectoryVariable); directory != "" {
		return directory
	}
	if user := netns.User(); user != 0 {
		return filepath.Join(os.TempDir(), "footbridge-lab-"+strconv.Itoa(user))
	}
	return "/run/footbridge-lab"
}

// openStateDirectory makes the directory. In a place where anybody may write it must be this user's and nobody else's.
func openStateDirectory() (string, error) {
	directory := stateDirectory()
	if err := os.Mkdir(directory, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(directory)
	if err != nil {
		return "", err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !known || int(owner.Uid) != os.Geteuid() {
		return "", fmt.Errorf("%s is not a directory of this user alone", directory)
	}
	return directory, nil
}

// Note makes the lab known to other processes, which can then enter it and take it down: this process gets a SIGTERM for that.
func (l *Lab) Note() error {
	directory, err := openStateDirectory()
	if err != nil {
		return fmt.Errorf("note lab: %w", err)
	}
	state, err := l.State()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return fmt.Errorf("note lab: %w", err)
	}
	path := filepath.Join(directory, state.fileName())
	if err := os.WriteFile(path+".new", data, 0o600); err != nil {
		return fmt.Errorf("note lab: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("note lab: %w", err)
	}
	l.later(func() error { return forget(path) })
	return nil
}

// forget removes the note of a lab, and the directory with the last one.
func forget(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.Remove(filepath.Dir(path))
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *State) fileName() string { return fmt.Sprintf("%d.json", s.Owner.PID) }

// State describes the lab.
func (l *Lab) State() (*State, error) {
	owner, err := netns.Self()
	if err != nil {
		return nil, err
	}
	state := &State{
		Owner: owner, Gateway: l.options.Gateway, Transport: l.options.Transport, Host: l.Host, Files: l.Files,
		User: netns.Inside(),
		Computers: map[string]Computer{
			"laptop":  {l.Laptop.Name(), l.Laptop.EnterArguments()},
			"gateway": {l.Gateway.Name(), l.Gateway.EnterArguments()},
		},
		Pages: []string{l.VNet.Host, l.OnPremises.Host}, Outside: l.Outside.Host,
	}
	if l.OpenVPN != nil {
		state.GatewayLog = l.OpenVPN.LogFile()
	}
	if l.Entra != nil {
		state.Entra = &EntraState{Authority: l.Entra.Authority(), Audience: l.Entra.Audience(), Control: l.control}
		for _, user := range l.Entra.Users() {
			state.Entra.Users = append(state.Entra.Users, Login{Username: user.Username, Password: user.Password})
		}
	}
	if l.Azure != nil {
		state.Azure = &AzureState{Endpoint: l.Azure.Endpoint(), Tenant: l.Entra.Tenant(), Gateways: l.azureGateways, Control: l.azureControl}
	}
	if l.RADIUS != nil {
		state.RADIUS = &RADIUSState{Address: l.RADIUS.Address(), Users: []Login{
			{freeradius.Alice, freeradius.AlicePassword, ""},
			{freeradius.Erin, freeradius.ErinPassword, "whose password has expired"},
			{freeradius.Paul, freeradius.PaulPassword, "who takes a while to approve it on the phone"},
			{freeradius.Carol, freeradius.CarolPassword, "who is asked for a code, " + freeradius.CarolCode},
		}}
	}
	return state, nil
}

// States lists the labs of this user that are noted, those that were killed included.
func States() ([]*State, error) {
	entries, err := os.ReadDir(stateDirectory())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	if _, err := openStateDirectory(); err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var states []*State
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		state, err := readState(filepath.Join(stateDirectory(), entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // taken down this moment
		}
		if err != nil {
			return nil, fmt.Errorf("list labs: %w", err)
		}
		states = append(states, state)
	}
	return states, nil
}

func readState(path string) (*State, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxState {
		return nil, fmt.Errorf("%s is too long", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	state := new(State)
	if err := json.Unmarshal(data, state); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return state, nil
}

// grace is how long a lab may take to take itself down.
const grace = 30 * time.Second

// Down takes all labs of this user down, and whatever is left of those that were killed. It returns how many there were.
func Down(ctx context.Context) (int, error) {
	states, err := States()
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, state := range states {
		errs = append(errs, state.end(ctx))
	}
	return len(states), errors.Join(append(errs, CleanUp())...)
}

// end asks a lab to take itself down, and kills it if it does not.
func (s *State) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	for signal, sent := syscall.SIGTERM, false; s.Owner.Alive(); {
		if !sent {
			if err := syscall.Kill(s.Owner.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end lab of process %d: %w", s.Owner.PID, err)
			}
			sent = true
		}
		select {
		case <-ctx.Done():
			if signal == syscall.SIGKILL {
				return fmt.Errorf("end lab of process %d: %w", s.Owner.PID, ctx.Err())
			}
			signal, sent = syscall.SIGKILL, false
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
			defer cancel()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// CleanUp removes what labs that were killed have left: processes, namespaces and files.
func CleanUp() error {
	states, err := States()
	errs := []error{err, netns.RemoveStale()}
	for _, state := range states {
		if state.Owner.Alive() {
			continue
		}
		errs = append(errs, forget(filepath.Join(stateDirectory(), state.fileName())))
	}
	errs = append(errs, removeStaleDirectories())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("clean up after labs: %w", err)
	}
	return nil
}
