package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

type connectFlags struct {
	wait, noWait  bool
	timeout       time.Duration
	certificate   string
	key           string
	pkcs12        string
	pkcs12Secret  string
	username      string
	passwordStdin bool
	deviceCode    bool
	leaveDNS      bool
	isSecondary   bool // instead of a profile whose gateway was not reached
}

func (a *app) connectCommand() *cobra.Command {
	var flags connectFlags
	command := &cobra.Command{
		Use: "connect PROFILE [flags]",
		Example: `  footbridge connect contoso
  footbridge connect contoso --cert user.pem --key user.key
  footbridge connect contoso --pkcs12 user.p12 --pkcs12-password-file secret.txt
  echo "$PASSWORD" | footbridge connect contoso --username alice --password-stdin
  footbridge connect contoso --device-code --timeout 5m`,
		Args:              exactly(1),
		ValidArgsFunction: a.completeProfiles(1),
		RunE:              func(command *cobra.Command, args []string) error { return a.connect(command.Context(), args[0], flags) },
	}
	f := command.Flags()
	f.BoolVar(&flags.wait, "wait", false, "")
	f.BoolVar(&flags.noWait, "no-wait", false, "")
	f.DurationVar(&flags.timeout, "timeout", 0, "")
	f.StringVar(&flags.certificate, "cert", "", "")
	f.StringVar(&flags.key, "key", "", "")
	f.StringVar(&flags.pkcs12, "pkcs12", "", "")
	f.StringVar(&flags.pkcs12Secret, "pkcs12-password-file", "", "")
	f.StringVar(&flags.username, "username", "", "")
	f.BoolVar(&flags.passwordStdin, "password-stdin", false, "")
	f.BoolVar(&flags.deviceCode, "device-code", false, "")
	f.BoolVar(&flags.leaveDNS, "leave-dns", false, "")
	return command
}

// connect asks the service for a connection and stays until it is up.
func (a *app) connect(ctx context.Context, name string, flags connectFlags) error {
	if flags.wait && flags.noWait {
		return &usageError{"wait-and-no-wait", nil}
	}
	all, err := a.look(ctx)
	if err != nil {
		return err
	}
	chosen, err := all.find(name)
	if err != nil {
		return err
	}
	if all.snapshot == nil {
		return all.silence
	}
	if chosen.Session != nil && chosen.Session.State == tunnel.Connected {
		return a.alreadyConnected(chosen)
	}
	asking, err := a.connectAsker(flags)
	if err != nil {
		return err
	}
	prepared, err := a.prepare(ctx, chosen, flags, asking)
	if err != nil {
		return err
	}
	if prepared.Expiry != nil && !a.json {
		a.warn("connect.certificate-ends", language.Values{"Days": strconv.Itoa(prepared.Expiry.Days)})
	}
	a.usePasswords(ctx, prepared, chosen.ID, all.snapshot.Policy == nil || all.snapshot.Policy.SavePasswords)
	link := a.newLink(prepared, asking)
	defer link.close()
	secondary := chosen.secondary()
	link.fallback = secondary != "" && !flags.noWait && !flags.isSecondary
	if flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, flags.timeout, errTooLong)
		defer cancel()
	}
	err = link.open(ctx, flags.noWait)
	if errors.Is(err, errUnreached) {
		return a.connectSecondary(ctx, chosen, secondary, flags)
	}
	if errors.Is(context.Cause(ctx), errTooLong) && err != nil {
		return tunnel.TimeoutProblem(flags.timeout, link.lastProblem())
	}
	return err
}

// connectSecondary goes on with the profile that is to be used where the first one's gateway cannot be reached.
func (a *app) connectSecondary(ctx context.Context, first known, secondary string, flags connectFlags) error {
	if a.json {
		if err := a.printLine(secondaryLine{line{"secondary-profile"}, first.Name, secondary}); err != nil {
			return err
		}
	} else {
		a.say("connect.secondary", language.Values{"Name": first.Name, "Secondary": secondary})
	}
	flags.timeout = 0 // it goes on in ctx
	flags.isSecondary = true
	return a.connect(ctx, secondary, flags)
}

// secondaryLine says that another profile is connected instead.
type secondaryLine struct {
	line
	Profile   string `json:"profile"`
	Secondary string `json:"secondary"`
}

// errTooLong is why a context ends whose time is over.
var errTooLong = errors.New("connecting took too long")

// connectAsker is who is asked, with what was given beforehand.
func (a *app) connectAsker(flags connectFlags) (*asker, error) {
	asking := &asker{app: a, username: flags.username}
	if !flags.passwordStdin {
		return asking, nil
	}
	password, err := firstLine(a.in)
	if err != nil {
		return nil, fmt.Errorf("read password: %w", err)
	}
	asking.password, asking.given = password, true
	return asking, nil
}

// prepare loads what the connection needs of the user.
func (a *app) prepare(ctx context.Context, chosen known, flags connectFlags, asking *asker) (*client.Prepared, error) {
	wish := client.Wish{Username: flags.username, DeviceCode: flags.deviceCode, LeaveDNS: flags.leaveDNS}
	var err error
	if wish.Certificate, err = certificateFlags(flags); err != nil {
		return nil, err
	}
	if flags.pkcs12Secret != "" {
		passphrase, err := readSecretFile(flags.pkcs12Secret)
		if err != nil {
			return nil, err
		}
		asking.passphrase = passphrase
	}
	if chosen.Machine {
		return a.prepareMachine(ctx, chosen, wish, asking)
	}
	return client.Prepare(ctx, *chosen.Entry, wish, asking)
}

func (a *app) prepareMachine(ctx context.Context, chosen known, wish client.Wish, asking *asker) (*client.Prepared, error) {
	service := a.service()
	defer service.Close()
	machines, err := service.MachineProfiles(ctx)
	if err != nil {
		return nil, err
	}
	for _, machine := range machines.Profiles {
		if machine.ID == chosen.ID {
			return client.PrepareMachine(ctx, machine, wish, asking)
		}
	}
	return nil, &api.Error{Code: api.NotFound, Sentence: "There is no such machine profile.", Remedy: "An administrator may have removed it."}
}

// certificateFlags are the files that were named, by whole paths.
func certificateFlags(flags connectFlags) (source settings.CertificateSource, err error) {
	switch {
	case flags.certificate != "" && flags.pkcs12 != "":
		return source, &usageError{"certificate-twice", nil}
	case flags.key != "" && flags.certificate == "":
		return source, &usageError{"key-alone", nil}
	}
	for _, file := range []struct {
		given string
		field *string
	}{{flags.certificate, &source.CertificateFile}, {flags.key, &source.KeyFile}, {flags.pkcs12, &source.PKCS12File}} {
		if file.given == "" {
			continue
		}
		if *file.field, err = filepath.Abs(file.given); err != nil {
			return source, fmt.Errorf("find %s: %w", file.given, err)
		}
	}
	return source, nil
}

// connectResult is what --json prints when the connection is up, after its events.
type connectResult struct {
	line
	document
	Session   string `json:"session"`
	Profile   string `json:"profile"`
	Connected bool   `json:"connected"` // false with --no-wait
}

func (a *app) alreadyConnected(chosen known) error {
	if a.json {
		return a.printLine(connectResult{line{"result"}, newDocument(), chosen.Session.ID, chosen.Name, true})
	}
	a.say("connect.already", language.Values{"Name": chosen.Name})
	return nil
}

// backgroundProgram is this program, as the agent that answers for a session when the terminal is free again.
func backgroundProgram() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	return program, nil
}
