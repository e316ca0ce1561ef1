package main

import (
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/authentication"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
)

func commands() []*cobra.Command {
	return []*cobra.Command{upCommand(), downCommand(), statusCommand(), execCommand(), demoCommand(), fetchCommand(), benchCommand(),
		entraCommand(), azureCommand(), checkCommand()}
}

// labFlags are the flags of commands that make a lab.
type labFlags struct {
	gateway         string
	transport       string
	authentications []string
	azure           bool
	entraHost       string
	directory       string
	logLevel        string
}

func (f *labFlags) add(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&f.gateway, "gateway", string(lab.BuiltIn), "which gateway: builtin, or openvpn as installed on this computer")
	flags.StringVar(&f.transport, "proto", "tcp", "tcp, as with Azure, or udp")
	flags.StringSliceVar(&f.authentications, "auth", []string{"certificate"}, "the ways in: certificate, entra, radius, or several with commas")
	flags.BoolVar(&f.azure, "azure", false, "with an Azure Resource Manager that has the gateway, for footbridge azure")
	flags.StringVar(&f.entraHost, "entra-host", "login.microsoftonline.com", "the identity provider's name, on the lab's laptop")
	flags.StringVar(&f.directory, "dir", "", "where to put the profile package and the certificates (default a temporary directory)")
	flags.StringVar(&f.logLevel, "log-level", "warn", "what the gateway logs on standard error: debug, info, warn or error")
}

func (f *labFlags) options() (lab.Options, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return lab.Options{}, fmt.Errorf("--log-level: %q is none of debug, info, warn, error", f.logLevel)
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	slog.SetDefault(logger) // the identity provider's library logs there
	ways, err := f.ways()
	if err != nil {
		return lab.Options{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return lab.Options{}, err
	}
	return lab.Options{
		Gateway: lab.Kind(f.gateway), Transport: f.transport, Directory: f.directory, Authentications: ways, Azure: f.azure, EntraHost: f.entraHost,
		CheckLogin: []string{self, authentication.CheckCommand}, Logger: logger,
	}, nil
}

// ways are the authentication types by the names that people give them.
func (f *labFlags) ways() ([]azurezip.Authentication, error) {
	known := map[string]azurezip.Authentication{"certificate": azurezip.Certificate, "entra": azurezip.Entra, "radius": azurezip.Radius}
	var ways []azurezip.Authentication
	for _, name := range f.authentications {
		way, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("--auth: %q is none of certificate, entra, radius", name)
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	return ways, nil
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
