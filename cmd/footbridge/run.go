package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/standalone"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// longestPassword bounds what is read from standard input, in bytes: an access token is a few kilobytes.
const longestPassword = 64 << 10

type runFlags struct {
	profile       string
	certificate   string
	key           string
	pkcs12        string
	pkcs12Secret  string
	username      string
	passwordStdin bool
	proxy         string
	proxyFromEnv  bool
	leaveDNS      bool
	device        string
	stateDir      string
	timeout       time.Duration
	json          bool
	logLevel      string
}

func runCommand() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run FILE",
		Short: "Connect in this process, without the service, until it is told to end",
		Long: `Connect in this process, without the service, until it is told to end: the whole client for containers and servers.
FILE is what Azure generated (the ZIP, azurevpnconfig.xml, VpnSettings.xml or vpnconfig.ovpn) or another OpenVPN profile.
It needs root or the CAP_NET_ADMIN capability, and ends cleanly on SIGINT and SIGTERM.`,
		Example: `  sudo footbridge run vnet.zip --cert user.pem --key user.key
  sudo footbridge run azurevpnconfig.xml --pkcs12 user.p12 --pkcs12-password-file secret.txt --json
  echo "$PASSWORD" | sudo footbridge run vpnconfig.ovpn --username alice --password-stdin`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error { return run(command, args[0], flags) },
	}
	f := command.Flags()
	f.StringVar(&flags.profile, "profile", "", "which profile, where the file holds several")
	f.StringVar(&flags.certificate, "cert", "", "client certificate, PEM, with any intermediates after it")
	f.StringVar(&flags.key, "key", "", "its private key, PEM; may stand in the file of --cert")
	f.StringVar(&flags.pkcs12, "pkcs12", "", "client certificate and key, PKCS#12 (.p12, .pfx)")
	f.StringVar(&flags.pkcs12Secret, "pkcs12-password-file", "", "file with the password of --pkcs12 in its first line")
	f.StringVar(&flags.username, "username", "", "user name for the gateway")
	f.BoolVar(&flags.passwordStdin, "password-stdin", false, "read the password from the first line of standard input")
	f.StringVar(&flags.proxy, "proxy", "", "proxy to the gateway: http://[user:password@]host:port or socks5://…")
	f.BoolVar(&flags.proxyFromEnv, "proxy-from-environment", false, "use the proxy that https_proxy, all_proxy and no_proxy name")
	f.BoolVar(&flags.leaveDNS, "leave-dns", false, "do not touch name resolution, such as where /etc is read-only")
	f.StringVar(&flags.device, "device", "footbridge0", "name of the network interface; the next free number where it is taken")
	f.StringVar(&flags.stateDir, "state-dir", standalone.DefaultStateDir(), "where to journal what is changed on this computer")
	f.DurationVar(&flags.timeout, "timeout", 0, "give up when the first connection takes longer, such as 60s")
	f.BoolVar(&flags.json, "json", false, "print events as JSON, one a line")
	f.StringVar(&flags.logLevel, "log-level", "warn", "what to log on standard error: debug, info, warn or error")
	return command
}

func run(command *cobra.Command, path string, flags runFlags) error {
	logger, err := newLogger(flags.logLevel)
	if err != nil {
		return err
	}
	options := standalone.Options{Path: path, Profile: flags.profile, Device: flags.device, StateDir: flags.stateDir,
		Timeout: flags.timeout, Version: version, Logger: logger}
	if options.Certificate, err = readCertificate(flags); err != nil {
		return err
	}
	if options.Proxy, err = readProxy(flags.proxy); err != nil {
		return err
	}
	options.ProxyFromEnvironment, options.LeaveDNS = flags.proxyFromEnv, flags.leaveDNS
	if flags.passwordStdin {
		password, err := firstLine(command.InOrStdin())
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		options.Ask = standalone.AskOnce(flags.username, password)
	}
	show := newTextProgress(command.OutOrStdout())
	if flags.json {
		show = newJSONProgress(command.OutOrStdout())
	}
	options.Observe, options.Finding = show.event, show.finding
	if err := standalone.Run(command.Context(), options); err != nil {
		show.failure(err)
		return exitError{code: exitCode(err)}
	}
	return nil
}

func newLogger(level string) (*slog.Logger, error) {
	var parsed slog.Level
	if err := parsed.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is none of debug, info, warn, error", level)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: parsed})), nil
}

func readCertificate(flags runFlags) (*tls.Certificate, error) {
	switch {
	case flags.certificate != "" && flags.pkcs12 != "":
		return nil, errors.New("give either --cert with --key or --pkcs12")
	case flags.pkcs12 != "":
		var password secret.Text
		if flags.pkcs12Secret != "" {
			file, err := os.Open(flags.pkcs12Secret)
			if err != nil {
				return nil, fmt.Errorf("open password file: %w", err)
			}
			defer file.Close()
			if password, err = firstLine(file); err != nil {
				return nil, fmt.Errorf("read password file: %w", err)
			}
		}
		return signin.ReadPKCS12File(flags.pkcs12, password.Reveal())
	case flags.certificate != "":
		return signin.ReadPEMFiles(flags.certificate, flags.key)
	case flags.key != "":
		return nil, errors.New("--key needs --cert")
	default:
		return nil, nil
	}
}

func readProxy(url string) (*profiles.Proxy, error) {
	if url == "" {
		return nil, nil
	}
	proxy, err := transport.ParseProxyURL(url)
	if err != nil {
		return nil, fmt.Errorf("--proxy: %w", err)
	}
	return proxy, nil
}

func firstLine(reader io.Reader) (secret.Text, error) {
	line, err := bufio.NewReader(io.LimitReader(reader, longestPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return secret.Text(strings.TrimRight(line, "\r\n")), nil
}
