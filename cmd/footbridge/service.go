package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/packaging/linux"
)

// serviceUnit is the service's name in systemd, agentUnit that of what keeps the connections of each user.
const (
	serviceUnit = "footbridged.service"
	agentUnit   = "footbridge-autoconnect.service"
)

func (a *app) serviceCommand() *cobra.Command {
	var root string
	command := &cobra.Command{
		Use:     "service",
		Example: "  sudo footbridge service install\n  footbridge service status",
		Args:    unknownCommand,
		RunE:    func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	command.PersistentFlags().StringVar(&root, "root", "/", "")
	hide(command.PersistentFlags(), "root")
	for _, verb := range []struct {
		name string
		run  func(context.Context, systemd) error
	}{{"install", a.serviceInstall}, {"start", a.serviceStart}, {"stop", a.serviceStop}, {"uninstall", a.serviceUninstall}} {
		command.AddCommand(&cobra.Command{
			Use:     verb.name,
			Example: "  sudo footbridge service " + verb.name,
			Args:    exactly(0),
			RunE: func(command *cobra.Command, _ []string) error {
				if err := needRoot("service-needs-root", "service", verb.name); err != nil {
					return err
				}
				manager, err := newSystemd(root)
				if err != nil {
					return err
				}
				if err := verb.run(command.Context(), manager); err != nil {
					return err
				}
				return a.serviceDone(verb.name)
			},
		})
	}
	command.AddCommand(a.serviceStatusCommand(&root))
	return command
}

type serviceResult struct {
	document
	Done string `json:"done"` // "install", "start", "stop", "uninstall"
}

func (a *app) serviceDone(verb string) error {
	if a.json {
		return a.printJSON(serviceResult{newDocument(), verb})
	}
	a.say("service-done."+verb, nil)
	return nil
}

// The files that install writes, where an administrator's own go. A package has the same files in /usr/lib, and these are not written then.
const (
	unitPath   = "etc/systemd/system/" + serviceUnit
	usersPath  = "etc/sysusers.d/footbridge.conf"
	polkitPath = "etc/polkit-1/rules.d/footbridge.rules"
	agentPath  = "etc/systemd/user/" + agentUnit
	entryPath  = "usr/local/share/applications/io.github.footbridge-vpn.footbridge.desktop"
	iconPath   = "usr/local/share/icons/hicolor/scalable/apps/io.github.footbridge-vpn.footbridge.svg"
)

// packagedUnits is where a package puts the unit.
func packagedUnits() []string {
	return []string{"usr/lib/systemd/system/" + serviceUnit, "lib/systemd/system/" + serviceUnit}
}

// unitPaths are all places where the unit may be.
func unitPaths() []string { return append(packagedUnits(), unitPath) }

func (a *app) serviceInstall(ctx context.Context, manager systemd) error {
	if !manager.has(packagedUnits()...) {
		program, err := manager.serviceProgram()
		if err != nil {
			return err
		}
		unit := strings.ReplaceAll(linux.Unit, "/usr/bin/footbridged", program)
		agent := strings.ReplaceAll(linux.AutoConnectUnit, "/usr/bin/footbridge", filepath.Join(filepath.Dir(program), "footbridge"))
		for _, file := range []struct{ path, content string }{{unitPath, unit}, {usersPath, linux.Users}, {polkitPath, linux.PolkitRules}, {agentPath, agent},
			{entryPath, linux.DesktopEntry}, {iconPath, linux.Icon}} {
			if err := manager.write(file.path, file.content); err != nil {
				return err
			}
		}
		if err := manager.run(ctx, "systemd-sysusers", filepath.Join(manager.root, usersPath)); err != nil {
			return err
		}
		if err := manager.run(ctx, "systemctl", "daemon-reload"); err != nil {
			return err
		}
	}
	if err := manager.run(ctx, "systemctl", "--global", "enable", agentUnit); err != nil {
		return err
	}
	return manager.run(ctx, "systemctl", "enable", "--now", serviceUnit)
}

func (a *app) serviceStart(ctx context.Context, manager systemd) error {
	return manager.run(ctx, "systemctl", "start", serviceUnit)
}

func (a *app) serviceStop(ctx context.Context, manager systemd) error {
	return manager.run(ctx, "systemctl", "stop", serviceUnit)
}

// serviceUninstall takes away what install wrote. Profiles and the service's user stay: other files may belong to it.
func (a *app) serviceUninstall(ctx context.Context, manager systemd) error {
	if !manager.has(unitPaths()...) {
		return &commandError{code: "service-not-installed", exit: exitNotFound}
	}
	problem := errors.Join(manager.run(ctx, "systemctl", "disable", "--now", serviceUnit), manager.run(ctx, "systemctl", "--global", "disable", agentUnit))
	for _, path := range []string{unitPath, usersPath, polkitPath, agentPath, entryPath, iconPath} {
		problem = errors.Join(problem, manager.remove(path))
	}
	return errors.Join(problem, manager.run(ctx, "systemctl", "daemon-reload"))
}

func (a *app) serviceStatusCommand(root *string) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		Example: "  footbridge service status\n  footbridge service status --json",
		Args:    exactly(0),
		RunE:    func(command *cobra.Command, _ []string) error { return a.serviceStatus(command.Context(), *root) },
	}
}

type serviceStatusResult struct {
	document
	Installed bool   `json:"installed"`
	Active    string `json:"active,omitempty"`  // systemd's word: "active", "inactive", "failed"
	Enabled   string `json:"enabled,omitempty"` // systemd's word: "enabled", "disabled"
	Answers   bool   `json:"answers"`
	Version   string `json:"version,omitempty"`
	Socket    string `json:"socket"`
	Problem   string `json:"policy_problem,omitempty"` // why nobody may connect
}

// serviceStatus tells of the service. That it is not running is its exit code, too.
func (a *app) serviceStatus(ctx context.Context, root string) error {
	result := serviceStatusResult{document: newDocument(), Socket: a.socket}
	if manager, err := newSystemd(root); err == nil && runtime.GOOS == "linux" {
		result.Installed = manager.has(unitPaths()...)
		result.Active, result.Enabled = manager.word(ctx, "is-active"), manager.word(ctx, "is-enabled")
	}
	ctx, cancel := context.WithTimeout(ctx, serviceLimit)
	defer cancel()
	service := a.service()
	defer service.Close()
	snapshot, err := service.Status(ctx)
	if err == nil {
		result.Answers, result.Version, result.Problem = true, snapshot.Service, policyProblem(snapshot)
	}
	if a.json {
		if err := a.printJSON(result); err != nil || result.Answers {
			return err
		}
		return toldError{err}
	}
	if !result.Answers {
		return err
	}
	a.say("service-status.running", language.Values{"Version": result.Version})
	a.out.facts([]fact{{"  " + a.text("service-status.socket", nil), cell{text: result.Socket}},
		{"  " + a.text("service-status.active", nil), cell{text: result.Active}},
		{"  " + a.text("service-status.enabled", nil), cell{text: result.Enabled}}})
	a.showPolicyProblem(result.Problem)
	return nil
}

// serviceProgram finds the service's program: beside this one, else where administrators and packages put it.
func (s systemd) serviceProgram() (string, error) {
	var beside string
	if self, err := os.Executable(); err == nil {
		beside = filepath.Join(filepath.Dir(self), "footbridged")
	}
	for _, candidate := range []struct{ path, found string }{{beside, beside},
		{"/usr/local/bin/footbridged", filepath.Join(s.root, "usr/local/bin/footbridged")}, {"/usr/bin/footbridged", filepath.Join(s.root, "usr/bin/footbridged")}} {
		if info, err := os.Stat(candidate.found); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if private(candidate.path) {
			return "", &commandError{code: "service-program-private", exit: exitFailed, values: language.Values{"Path": candidate.path},
				command: shell.Command("sudo", "install", candidate.path, filepath.Join(filepath.Dir(candidate.path), "footbridge"), "/usr/local/bin/")}
		}
		return candidate.path, nil
	}
	return "", &commandError{code: "service-program-missing", exit: exitNotFound}
}

// private tells the places that the service's sandbox hides from it, or that others than root write to.
func private(path string) bool {
	for _, folder := range []string{"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"} {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}
