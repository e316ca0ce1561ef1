//go:build cgo

// Footbridge-gui is the desktop app: a window and a tray icon.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"github.com/adrg/xdg"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/preferences"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
	"github.com/footbridge-vpn/footbridge/ui"
	"github.com/footbridge-vpn/footbridge/ui/control"
	"github.com/footbridge-vpn/footbridge/ui/instance"
	"github.com/footbridge-vpn/footbridge/ui/look"
)

// appID names the app for desktops. It is the one in FyneApp.toml.
const appID = "io.github.footbridge-vpn.footbridge"

// Exit codes.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitNoDisplay = 9 // no window can be shown here; the command line works
)

func main() { os.Exit(run(os.Args[1:], os.Getenv, os.Stderr)) }

// arguments are what the program was started with.
type arguments struct {
	socket  string
	hidden  bool
	verbose bool
	files   []string
}

func parse(args []string, stderr io.Writer) (arguments, error) {
	var a arguments
	flags := flag.NewFlagSet("footbridge-gui", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&a.socket, "socket", "", "the service's `socket`")
	flags.BoolVar(&a.hidden, "hidden", false, "start in the tray, without a window")
	flags.BoolVar(&a.verbose, "verbose", false, "log to standard error")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "Usage: footbridge-gui [flags] [PROFILE-FILE…]")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return a, err
	}
	for _, file := range flags.Args() {
		whole, err := filepath.Abs(file)
		if err != nil {
			return a, fmt.Errorf("find file: %w", err)
		}
		a.files = append(a.files, whole)
	}
	return a, nil
}

func run(args []string, getenv func(string) string, stderr io.Writer) int {
	arguments, err := parse(args, stderr)
	switch {
	case err == flag.ErrHelp:
		return exitDone
	case err != nil:
		return exitUsage
	}
	chosen, damaged := preferences.At("").Load()
	texts, err := language.Open(cmp.Or(chosen.Language, language.FromEnvironment(getenv)))
	if err != nil {
		fmt.Fprintln(stderr, "footbridge-gui:", err)
		return exitFailed
	}
	if reason := noDisplay(getenv); reason != "" {
		return sayNoDisplay(stderr, texts, reason)
	}
	first, err := instance.Claim(filepath.Join(xdg.RuntimeDir, "footbridge"), instance.Request{Import: arguments.files, Hidden: arguments.hidden})
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "footbridge-gui:", err)
		return exitFailed
	case first == nil:
		return exitDone // the first one's window is in front now
	}
	defer first.Close()
	if damaged != nil {
		fmt.Fprintln(stderr, "footbridge-gui:", damaged) // it goes on with what there is without them
	}
	return show(arguments, texts, chosen, first, stderr)
}

// leaveLimit bounds how long handing sessions over may hold up an end without a window.
const leaveLimit = 10 * time.Second

// show runs the app until it is quit.
func show(arguments arguments, texts *language.Texts, chosen preferences.Preferences, first *instance.Instance, stderr io.Writer) int {
	logger := slog.New(slog.DiscardHandler)
	if arguments.verbose {
		logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	own, err := openStore()
	if err != nil {
		fmt.Fprintln(stderr, "footbridge-gui:", err)
		return exitFailed
	}
	app.SetMetadata(fyne.AppMetadata{ID: appID, Name: "Footbridge", Version: version, Icon: look.AppIcon(), Migrations: map[string]bool{"fyneDo": true}})
	program := app.NewWithID(appID)
	program.SetIcon(look.AppIcon())
	program.Settings().SetTheme(look.New(look.Variant(chosen.Theme)))
	service := api.Dial(arguments.socket)
	defer service.Close()
	backend := newBackend(service, own, arguments.socket, texts, logger)
	watchDrawing(logger, func() {
		ctx, cancel := context.WithTimeout(context.Background(), leaveLimit)
		defer cancel()
		_ = backend.Leave(ctx) // where it had a tray icon only, it may answer for sessions
		os.Exit(sayNoDisplay(stderr, texts, "no-opengl"))
	})
	apply := func(now preferences.Preferences) {
		chosen = now
		program.Settings().SetTheme(look.New(look.Variant(now.Theme)))
	}
	window := ui.New(ui.Options{App: program, Backend: backend, Profiles: own, Texts: texts, Logger: logger,
		Sections: sections(service, backend, apply), Edit: editPage(own), Diagnose: diagnosePage(service, backend),
		Tray: !chosen.NoTray && hasTray(), QuitWhenClosed: chosen.QuitWhenClosed, Defaults: importDefaults,
		Azure: backend.azureAdministrator, Placer: places{},
		Notify: func(kind control.NoticeKind) bool { return !slices.Contains(chosen.Muted, string(kind)) }})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go first.Serve(ctx, func(request instance.Request) {
		fyne.Do(func() {
			switch {
			case len(request.Import) > 0:
				window.Import(request.Import)
			case !request.Hidden:
				window.Raise()
			}
		})
	})
	program.Lifecycle().SetOnStarted(func() {
		if len(arguments.files) > 0 {
			window.Import(arguments.files)
		}
	})
	window.Start(arguments.hidden)
	program.Run()
	window.Ended()
	return exitDone
}

// importDefaults are the settings of new profiles, as the user wants them now.
func importDefaults(method profiles.AuthenticationType) (*settings.Settings, error) {
	chosen, err := preferences.At("").Load()
	if err != nil {
		return nil, err
	}
	return chosen.ForImport(method)
}

// openStore opens the user's profiles, in a folder that is there from the start so that it can be watched.
func openStore() (*store.Store, error) {
	if err := os.MkdirAll(store.UserDir(), 0o700); err != nil {
		return nil, fmt.Errorf("open profiles: %w", err)
	}
	return store.Open(store.UserDir(), store.Options{})
}

// noDisplay is why no window can be shown; empty: nothing is known to stand in the way.
func noDisplay(getenv func(string) string) string {
	if runtime.GOOS == "linux" && getenv("DISPLAY") == "" && getenv("WAYLAND_DISPLAY") == "" {
		return "no-display"
	}
	return ""
}

func sayNoDisplay(stderr io.Writer, texts *language.Texts, reason string) int {
	fmt.Fprintln(stderr, "footbridge-gui:", texts.Text("ui.start."+reason, nil))
	fmt.Fprintln(stderr, texts.Text("ui.start.instead", nil))
	return exitNoDisplay
}
