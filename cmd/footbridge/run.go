package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/standalone"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

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
	logLevel      string
}

func (a *app) runCommand() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use: "run FILE [flags]",
		Example: `  sudo footbridge run vnet.zip --cert user.pem --key user.key
  sudo footbridge run azurevpnconfig.xml --pkcs12 user.p12 --pkcs12-password-file secret.txt --json
  echo "$PASSWORD" | sudo footbridge run vpnconfig.ovpn --username alice --password-stdin`,
		Args:              exactly(1),
		ValidArgsFunction: cobra.FixedCompletions(profileSuffixes(), cobra.ShellCompDirectiveFilterFileExt),
		RunE: func(command *cobra.Command, args []string) error {
			if err := together(command, "proxy", "proxy-from-environment"); err != nil {
				return err
			}
			return a.run(command.Context(), args[0], flags)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.profile, "profile", "", "")
	f.StringVar(&flags.certificate, "cert", "", "")
	f.StringVar(&flags.key, "key", "", "")
	f.StringVar(&flags.pkcs12, "pkcs12", "", "")
	f.StringVar(&flags.pkcs12Secret, "pkcs12-password-file", "", "")
	f.StringVar(&flags.username, "username", "", "")
	f.BoolVar(&flags.passwordStdin, "password-stdin", false, "")
	f.StringVar(&flags.proxy, "proxy", "", "")
	f.BoolVar(&flags.proxyFromEnv, "proxy-from-environment", false, "")
	f.BoolVar(&flags.leaveDNS, "leave-dns", false, "")
	f.StringVar(&flags.device, "device", "footbridge0", "")
	f.StringVar(&flags.stateDir, "state-dir", standalone.DefaultStateDir(), "")
	f.DurationVar(&flags.timeout, "timeout", 0, "")
	f.StringVar(&flags.logLevel, "log-level", "warn", "")
	return command
}

// run stays connected until it is told to end, which is how it is done.
func (a *app) run(ctx context.Context, path string, flags runFlags) error {
	logger, err := a.newLogger(flags.logLevel)
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
		password, err := firstLine(a.in)
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		options.Ask = standalone.AskOnce(flags.username, password)
	}
	show := a.newProgress()
	options.Observe, options.Finding = show.event, show.finding
	err = standalone.Run(ctx, options)
	show.end()
	return err
}

func (a *app) newLogger(level string) (*slog.Logger, error) {
	var parsed slog.Level
	if err := parsed.UnmarshalText([]byte(level)); err != nil {
		return nil, oneOf("log-level", level, logLevels()...)
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: parsed})), nil
}

func readCertificate(flags runFlags) (*tls.Certificate, error) {
	switch {
	case flags.certificate != "" && flags.pkcs12 != "":
		return nil, &usageError{"certificate-twice", nil}
	case flags.pkcs12 != "":
		var password secret.Text
		if flags.pkcs12Secret != "" {
			var err error
			if password, err = readSecretFile(flags.pkcs12Secret); err != nil {
				return nil, err
			}
		}
		return signin.ReadPKCS12File(flags.pkcs12, password.Reveal())
	case flags.certificate != "":
		return signin.ReadPEMFiles(flags.certificate, flags.key)
	case flags.key != "":
		return nil, &usageError{"key-alone", nil}
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
		return nil, &usageError{"proxy", language.Values{"Reason": err.Error()}}
	}
	return proxy, nil
}
