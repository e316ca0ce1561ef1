package diagnose

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"

	"github.com/footbridge-vpn/footbridge/client"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/client/report"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
)

// Doctor finds out what is wrong, and writes it down for a helpdesk.
type Doctor interface {
	// Diagnose looks at everything for the connection with an id, and at what all have in common where it is empty. observe is told each
	// check as soon as it is done, and is not called any more after the return. The error is that of a context that ended.
	Diagnose(ctx context.Context, id, host string, observe func(diagnosis.Check)) (diagnosis.Result, error)
	// Report writes a support report; result may be nil, and plain leaves names and addresses in it.
	Report(ctx context.Context, path string, plain bool, result *diagnosis.Result) (report.Written, error)
}

// Viewer has what there is to show: client.Model.
type Viewer interface{ View() client.View }

// Local is the Doctor of this computer. Service and Model are required; they are used by several goroutines.
type Local struct {
	Service  report.Service // *api.Client
	Model    Viewer
	Version  string                                             // of this program
	Accounts func(ctx context.Context) ([]entra.Account, error) // who is signed in; nil: it is not known
	Probes   diagnosis.Probes
	Logs     []report.Log // of the user's own programs
	Logger   *slog.Logger // nil: silent
}

// Diagnose implements Doctor. Nobody is asked for a passphrase.
func (l *Local) Diagnose(ctx context.Context, id, host string, observe func(diagnosis.Check)) (diagnosis.Result, error) {
	options := diagnosis.Options{Service: l.Service, Version: l.Version, Host: host, Probes: l.Probes, Logger: l.Logger}
	if connection, ok := l.Model.View().Find(id); ok {
		release := l.prepare(ctx, connection, &options)
		defer release()
	}
	result := diagnosis.Run(ctx, options, observe)
	return result, context.Cause(ctx)
}

// prepare puts in what is known of a connection. Only the service has the profiles of administrators.
func (l *Local) prepare(ctx context.Context, c client.Connection, options *diagnosis.Options) (release func()) {
	options.Session = c.Session
	if c.Session != nil && c.Session.SignIn != nil {
		options.Account = c.Session.SignIn.Account
	}
	if c.Entry == nil {
		return func() {}
	}
	profile := c.Entry.Profile
	options.Profile, options.Settings = profile, &c.Settings
	if profile.Authentication.Entra != nil && options.Account == "" {
		options.Account = l.account(ctx, c)
	}
	certificate, err := signin.Load(ctx, signin.SelectionFor(profile, c.Settings.Certificate), nil)
	switch {
	case err == nil:
		options.Certificate = certificate
		return func() { signin.Release(certificate) }
	case !errors.Is(err, signin.ErrNoSource) || errors.Is(err, fs.ErrNotExist):
		options.CertificateError = err
	}
	return func() {}
}

// account is who is signed in for a connection; empty: nobody, as far as is known.
func (l *Local) account(ctx context.Context, c client.Connection) string {
	if l.Accounts == nil {
		return ""
	}
	accounts, err := l.Accounts(ctx)
	if err != nil {
		l.logger().Debug("list accounts", "error", err)
	}
	for _, account := range accounts {
		if account.Fits(*c.Entry.Profile.Authentication.Entra) && (c.Settings.LoginHint == "" || c.Settings.LoginHint == account.Username) {
			return account.Username
		}
	}
	return ""
}

func (l *Local) logger() *slog.Logger {
	if l.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l.Logger
}

// Report implements Doctor.
func (l *Local) Report(ctx context.Context, path string, plain bool, result *diagnosis.Result) (report.Written, error) {
	options := report.Options{Plain: plain, Service: l.Service, Diagnosis: result, Version: l.Version, Logs: l.Logs, Logger: l.Logger}
	for _, c := range l.Model.View().Connections {
		if c.Entry != nil {
			options.Profiles = append(options.Profiles, report.Profile{Profile: c.Entry.Profile, Settings: c.Settings})
		}
	}
	if l.Accounts != nil {
		accounts, err := l.Accounts(ctx)
		if err != nil {
			l.logger().Debug("list accounts", "error", err)
		}
		for _, account := range accounts {
			options.Accounts = append(options.Accounts, account.Username)
		}
	}
	return report.Write(ctx, path, options)
}
