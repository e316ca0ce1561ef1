package main

import (
	"context"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/language"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Example: "  footbridge version\n  footbridge version --json",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.version(command.Context()) },
	}
}

type versionResult struct {
	document
	Version string `json:"version"`
	API     int    `json:"api"` // version of the contract with the service
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Service string `json:"service,omitempty"` // the service's version; missing where it does not answer
}

func (a *app) version(ctx context.Context) error {
	result := versionResult{newDocument(), version, api.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, ""}
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	service := a.service()
	defer service.Close()
	if snapshot, err := service.Status(ctx); err == nil {
		result.Service = snapshot.Service
	}
	if a.json {
		return a.printJSON(result)
	}
	a.say("version.program", language.Values{"Version": result.Version, "System": result.OS + "/" + result.Arch, "Go": result.Go})
	if result.Service != "" && result.Service != result.Version {
		a.say("version.service", language.Values{"Version": result.Service})
	}
	return nil
}
