// Package report writes a support bundle: one ZIP that people can read, without secrets and, unless asked otherwise, without names and addresses.
package report

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/diagnosis"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// Service is what a report asks of the service; an *api.Client is one.
type Service interface {
	Status(context.Context) (*api.Snapshot, error)
	Policy(context.Context) (*api.Policy, error)
	History(ctx context.Context, limit int) (*api.History, error)
	MachineProfiles(context.Context) (*api.MachineProfiles, error)
	Logs(ctx context.Context, query api.LogQuery, each func(api.LogRecord) error) error
}

// Profile is one of the user's profiles with what was added to it.
type Profile struct {
	Profile  *profiles.Profile
	Settings settings.Settings
}

// Log is a log of the user's own programs.
type Log struct {
	Name string // of the file in the report, such as "footbridge-gui"; letters, digits and "-"
	Path string // where it is read
}

// Options says what goes into a report. What is left out is not in it.
type Options struct {
	Plain     bool // do not replace names and addresses. Secrets are left out in any case
	Service   Service
	Profiles  []Profile
	Diagnosis *diagnosis.Result
	Logs      []Log
	Version   string   // of this program
	Accounts  []string // who is signed in: names that must not be in an anonymised report
	// Secrets are what this program has in memory and must not be in the report whatever wrote it into a log: tokens, passwords.
	Secrets []secret.Text

	Computer    func(context.Context) (*diagnosis.Computer, error) // nil: diagnosis.ThisComputer
	Root        string                                             // where the file system begins; empty: "/"
	Environment func(string) string                                // nil: os.Getenv
	Now         func() time.Time                                   // nil: time.Now
	Logger      *slog.Logger
}

// Written is what was written.
type Written struct {
	Path     string
	Size     int64    // bytes
	Files    []string // in the ZIP
	Replaced int      // how many different names and addresses were replaced
	Missing  []string // what could not be had, one sentence each
}

// timeLimit bounds the gathering, whatever the service does.
const timeLimit = 20 * time.Second

// Write writes a report to path, readable by its owner only. An existing file is replaced. It goes on without what cannot be had, and says so
// in the report; an error means that there is no report.
func Write(ctx context.Context, path string, options Options) (Written, error) {
	options = options.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	g := newGatherer(options)
	g.gather(ctx)
	files, replaced := g.finish()
	size, err := writeZIP(path, files, options.Now())
	if err != nil {
		return Written{}, fmt.Errorf("write report: %w", err)
	}
	written := Written{Path: path, Size: size, Replaced: replaced, Missing: g.missing}
	for _, f := range files {
		written.Files = append(written.Files, f.name)
	}
	return written, nil
}

func (o Options) withDefaults() Options {
	if o.Computer == nil {
		o.Computer = diagnosis.ThisComputer
	}
	if o.Environment == nil {
		o.Environment = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Root == "" {
		o.Root = "/"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// DefaultName is what a report of this moment is called where the user gives no name.
func DefaultName(now time.Time) string {
	return "footbridge-report-" + now.Format("20060102-150405") + ".zip"
}

// file is one of the files in the ZIP.
type file struct {
	name    string
	content string
	json    bool // content is JSON, of which only the strings are changed
}

// change passes every text of the file through f, which is told the name of the value where it has one.
func (file *file) change(f func(name, text string) string) {
	if file.json {
		file.content = changeStrings(file.content, f)
	} else {
		file.content = f("", file.content)
	}
}

// replaceFile writes beside the path and renames, so that there is never half a report.
func replaceFile(path string, write func(*os.File) error) (size int64, err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".footbridge-report-*") // mode 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(temporary.Name())))
		}
	}()
	err = write(temporary)
	if err == nil {
		err = temporary.Sync()
	}
	if info, statErr := temporary.Stat(); statErr == nil {
		size = info.Size()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return 0, err
	}
	return size, os.Rename(temporary.Name(), path)
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
