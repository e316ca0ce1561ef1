package browser

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

// ErrNotInstalled says what is missing on this computer.
var ErrNotInstalled = errors.New("the browser is not installed (apt-get install chromium chromium-driver libnss3-tools)")

// Options describes a browser. The zero value is one on this computer that trusts nobody in particular.
type Options struct {
	Namespace *netns.Namespace // where it runs; nil: where this process is
	Roots     [][]byte         // certificates to trust besides the browser's own, PEM
	Arguments []string         // further ones for Chromium
}

// Browser is a running Chromium with one window. It must be closed. Its methods wait for what they need on the page, as long as their contexts let
// them. It is not safe for concurrent use.
type Browser struct {
	home    string // profile and trust, gone with the browser
	command *exec.Cmd
	ended   <-chan struct{}
	output  *output
	client  *http.Client
	driver  string // the driver's address
	session string
}

// grace is how long the browser may take to end by itself before it is killed.
const grace = 5 * time.Second

// Open starts a browser with an empty profile. If that fails, nothing is left of it.
func Open(ctx context.Context, options Options) (*Browser, error) {
	b, err := open(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("open browser: %w", err)
	}
	return b, nil
}

func open(ctx context.Context, options Options) (b *Browser, err error) {
	driver, err := exec.LookPath("chromedriver")
	if err != nil {
		return nil, ErrNotInstalled
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, ErrNotInstalled
	}
	b = &Browser{output: newOutput()}
	if b.home, err = os.MkdirTemp("", "footbridge-browser-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.Close())
		}
	}()
	if err := b.trust(ctx, options.Roots); err != nil {
		return b, err
	}
	if err := settle(ctx, options.Namespace); err != nil {
		return b, err
	}
	if err := b.startDriver(ctx, driver, options.Namespace); err != nil {
		return b, err
	}
	return b, b.startSession(ctx, chromium, options.Arguments)
}

// trust makes the user's NSS database, from which Chromium on Linux takes further roots.
func (b *Browser) trust(ctx context.Context, roots [][]byte) error {
	if len(roots) == 0 {
		return nil
	}
	certutil, err := exec.LookPath("certutil")
	if err != nil {
		return ErrNotInstalled
	}
	database := filepath.Join(b.home, ".pki", "nssdb")
	if err := os.MkdirAll(database, 0o700); err != nil {
		return err
	}
	commands := [][]string{{"-N", "--empty-password"}}
	for number, root := range roots {
		path := filepath.Join(b.home, fmt.Sprintf("root-%d.pem", number))
		if err := os.WriteFile(path, root, 0o600); err != nil {
			return err
		}
		commands = append(commands, []string{"-A", "-t", "C,,", "-n", fmt.Sprintf("lab root %d", number), "-i", path})
	}
	for _, arguments := range commands {
		command := exec.CommandContext(ctx, certutil, append(arguments, "-d", "sql:"+database)...)
		if printed, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("make the browser's trust store: %w: %s", err, printed)
		}
	}
	return nil
}

// settle waits until the namespace's IPv6 addresses are in use (RFC 4862 section 5.4): Chromium breaks off what it loads when a network changes.
func settle(ctx context.Context, namespace *netns.Namespace) error {
	if namespace == nil {
		return nil
	}
	for {
		printed, err := namespace.Command(ctx, "ip", "-6", "address", "show", "tentative").CombinedOutput()
		if err != nil {
			return fmt.Errorf("look at the namespace's addresses: %w: %s", err, printed)
		}
		if len(printed) == 0 {
			return nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// listening is what the driver prints, with its port.
var listening = regexp.MustCompile(`started successfully on port (\d+)`)

func (b *Browser) startDriver(ctx context.Context, driver string, namespace *netns.Namespace) error {
	b.command = exec.Command(driver, "--port=0", "--log-level=WARNING")
	dial := new(net.Dialer).DialContext
	if namespace != nil {
		b.command, dial = namespace.Command(context.Background(), driver, "--port=0", "--log-level=WARNING"), namespace.Dial
	}
	b.command.Dir = b.home
	b.command.Env = append(os.Environ(), "HOME="+b.home, "XDG_CONFIG_HOME="+b.home+"/.config", "XDG_CACHE_HOME="+b.home+"/.cache", "XDG_RUNTIME_DIR="+b.home,
		"TMPDIR="+b.home, "DBUS_SESSION_BUS_ADDRESS=disabled:", "DISPLAY=")
	b.command.Stdout, b.command.Stderr = b.output, b.output
	b.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that all of the browser's processes can be ended
	waited, err := netns.StartTied(b.command)
	if err != nil {
		b.command = nil
		return err
	}
	ended := make(chan struct{})
	go func() {
		<-waited
		close(ended)
	}()
	b.ended = ended
	found, err := b.output.wait(ctx, listening, ended)
	if err != nil {
		return err
	}
	b.driver = "http://127.0.0.1:" + found[1]
	b.client = &http.Client{Transport: &http.Transport{DialContext: dial}}
	return nil
}

// Close ends the browser and removes its files. Calling it again does nothing.
func (b *Browser) Close() error {
	var errs []error
	if b.session != "" {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		errs = append(errs, b.call(ctx, http.MethodDelete, "", nil, nil))
		cancel()
		b.session = ""
	}
	if b.command != nil {
		errs = append(errs, b.endProcesses())
		b.command = nil
	}
	if b.client != nil {
		b.client.CloseIdleConnections()
	}
	errs = append(errs, os.RemoveAll(b.home))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close browser: %w", err)
	}
	return nil
}

// endProcesses ends the driver, and what is left of the browser in its process group.
func (b *Browser) endProcesses() error {
	group := -b.command.Process.Pid
	if err := syscall.Kill(group, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-b.ended:
	case <-time.After(grace):
	}
	err := syscall.Kill(group, syscall.SIGKILL)
	<-b.ended
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
