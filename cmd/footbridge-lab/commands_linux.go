package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

func commands() []*cobra.Command {
	return []*cobra.Command{upCommand(), downCommand(), statusCommand(), execCommand(), demoCommand(), fetchCommand(), benchCommand()}
}

// labFlags are the flags of commands that make a lab.
type labFlags struct {
	gateway   string
	transport string
	directory string
	logLevel  string
}

func (f *labFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.gateway, "gateway", string(lab.BuiltIn), "which gateway: builtin, or openvpn as installed on this computer")
	flags.StringVar(&f.transport, "proto", "tcp", "tcp, as with Azure, or udp")
	flags.StringVar(&f.directory, "dir", "", "where to put the profile package and the certificates (default a temporary directory)")
	flags.StringVar(&f.logLevel, "log-level", "warn", "what the gateway logs on standard error: debug, info, warn or error")
}

func (f *labFlags) options() (lab.Options, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return lab.Options{}, fmt.Errorf("--log-level: %q is none of debug, info, warn, error", f.logLevel)
	}
	return lab.Options{
		Gateway: lab.Kind(f.gateway), Transport: f.transport, Directory: f.directory,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}, nil
}

// inNamespaces runs what makes namespaces: at once as root, and for anyone else in this program started again as root of its own user
// namespace.
func inNamespaces(do func() error) error {
	code, done, err := netns.EnterUser()
	switch {
	case err != nil:
		return err
	case !done:
		return do()
	case code != 0:
		return exitError(code)
	}
	return nil
}
