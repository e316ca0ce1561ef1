package main

import (
	"context"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// app is what all commands share: where text comes from and goes to, and what was asked of every command.
type app struct {
	in     io.Reader
	out    *output
	err    *output
	screen *sync.Mutex // of out and err
	getenv func(string) string
	texts  func() *language.Texts

	json       bool
	verbose    bool
	socket     string
	machineDir string
}

func newApp(in io.Reader, out, err io.Writer, getenv func(string) string) *app {
	screen := new(sync.Mutex)
	a := &app{in: in, out: newOutput(out, screen, getenv), err: newOutput(err, screen, getenv), screen: screen, getenv: getenv}
	a.texts = sync.OnceValue(func() *language.Texts {
		texts, err := language.Open(language.FromEnvironment(getenv))
		if err != nil {
			panic(err) // the texts are part of the program, and the tests of client/language read them all
		}
		return texts
	})
	return a
}

// execute runs a command line and returns the exit code.
func (a *app) execute(ctx context.Context, arguments []string) int {
	root := a.rootCommand()
	root.SetArgs(arguments)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	a.json = wantsJSON(arguments) // a command line that cannot be read is answered in the wanted form too
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	return a.fail(ctx, command, err)
}

func wantsJSON(arguments []string) bool {
	for _, argument := range arguments {
		switch argument {
		case "--json", "--json=true":
			return true
		case "--":
			return false
		}
	}
	return false
}

// rootCommand is the tree of all commands, without any work done yet.
func (a *app) rootCommand() *cobra.Command {
	root := a.importFileCommand()
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", false, "")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "")
	f.StringVar(&a.socket, "socket", api.DefaultSocket, "")
	f.StringVar(&a.machineDir, "machine-dir", store.MachineDir, "")
	hide(f, "machine-dir")
	a.addCommands(root)
	a.describe(root)
	return root
}

// english are the texts for programs, which are the same everywhere.
func (a *app) english() *language.Texts {
	texts, err := language.Open(language.Default)
	if err != nil {
		return a.texts()
	}
	return texts
}

// text is a text of the catalogue.
func (a *app) text(key string, values language.Values) string { return a.texts().Text(key, values) }

// say prints a line of the catalogue.
func (a *app) say(key string, values language.Values) { a.out.line(a.text(key, values)) }

// warn prints a line of the catalogue beside the results.
func (a *app) warn(key string, values language.Values) { a.err.line(a.text(key, values)) }

// service is a client of the service.
func (a *app) service() *api.Client { return api.Dial(a.socket) }
