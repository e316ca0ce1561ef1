package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/client/shell"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

func (a *app) setCommand() *cobra.Command {
	var machine bool
	command := &cobra.Command{
		Use: "set PROFILE KEY=VALUE… [flags]",
		Example: `  footbridge set contoso dns-suffixes=corp.contoso.com
  footbridge set contoso include-routes+=10.20.0.0/16 exclude-routes-=10.20.30.0/24
  footbridge set contoso pkcs12=~/alice.p12 autoconnect=true
  footbridge set contoso proxy=`,
		Args:              atLeast(1),
		ValidArgsFunction: a.completeSettings,
		RunE: func(command *cobra.Command, args []string) error {
			return a.set(command.Context(), args[0], args[1:], machine)
		},
	}
	command.Flags().BoolVar(&machine, "machine", false, "")
	return command
}

// assignment is KEY=VALUE, KEY+=VALUE or KEY-=VALUE.
type assignment struct {
	key      string
	operator string // "=", "+=", "-="
	value    string
}

func parseAssignment(argument string) (assignment, error) {
	key, value, found := strings.Cut(argument, "=")
	parsed := assignment{key: key, operator: "=", value: value}
	for _, operator := range []string{"+", "-"} {
		if rest, ok := strings.CutSuffix(key, operator); ok {
			parsed.key, parsed.operator = rest, operator+"="
		}
	}
	if !found || parsed.key == "" {
		return assignment{}, &usageError{"assignment", language.Values{"Argument": argument}}
	}
	return parsed, nil
}

// apply changes the settings. Lists are what += and -= are for; elsewhere there is nothing to add to.
func (s assignment) apply(to *settings.Settings) error {
	value := s.value
	if isFile(s.key) && value != "" {
		whole, err := wholePath(value)
		if err != nil {
			return err
		}
		value = whole
	}
	if s.operator == "=" {
		return to.Set(s.key, value)
	}
	if !isList(s.key) {
		return &usageError{"not-a-list", language.Values{"Key": s.key, "Operator": s.operator}}
	}
	items := splitList(to.Get(s.key))
	var check settings.Settings
	if err := check.Set(s.key, value); err != nil {
		return err
	}
	for _, item := range splitList(check.Get(s.key)) { // as they are written, so that equal ones are found
		items = slices.DeleteFunc(items, func(present string) bool { return present == item })
		if s.operator == "+=" {
			items = append(items, item)
		}
	}
	return to.Set(s.key, strings.Join(items, ","))
}

// wholePath is a path from the root of the file system. Not every shell does anything about a ~ behind KEY=.
func wholePath(path string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find home folder: %w", err)
		}
		path = filepath.Join(home, rest)
	}
	return filepath.Abs(path)
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func isList(key string) bool {
	return slices.Contains([]string{"dns-servers", "dns-suffixes", "include-routes", "exclude-routes", "trusted-networks"}, key)
}

// isFile tells the settings that are paths, which are kept whole: another program reads them from another folder.
func isFile(key string) bool {
	return slices.Contains([]string{"certificate", "key", "pkcs12", "certificate-folder"}, key)
}

type setResult struct {
	document
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Machine  bool              `json:"machine"`
	Settings map[string]string `json:"settings"`
}

func (a *app) set(ctx context.Context, wanted string, arguments []string, machine bool) error {
	var assignments []assignment
	for _, argument := range arguments {
		parsed, err := parseAssignment(argument)
		if err != nil {
			return err
		}
		assignments = append(assignments, parsed)
	}
	target, entry, err := a.changeable(ctx, wanted, machine, append([]string{"set", "--machine", wanted}, arguments...))
	if err != nil {
		return err
	}
	if len(assignments) > 0 {
		entry, err = target.Update(entry.ID, func(s *settings.Settings) error {
			for _, assignment := range assignments {
				if err := assignment.apply(s); err != nil {
					return err
				}
			}
			_, err := s.Apply(entry.Profile)
			return err
		})
		if err != nil {
			return err
		}
	}
	result := setResult{newDocument(), entry.ID, entry.Name, machine, shownSettings(entry.Settings, false)}
	if a.json {
		return a.printJSON(result)
	}
	if len(assignments) == 0 {
		a.listSettings(entry.Settings)
		return nil
	}
	a.say("set.done", language.Values{"Name": entry.Name})
	a.showSettings(result.Settings)
	return nil
}

// listSettings shows every setting, its value and what it is for.
func (a *app) listSettings(s settings.Settings) {
	s = s.Redacted()
	var rows [][]cell
	for _, key := range settings.Keys() {
		rows = append(rows, []cell{{text: key.Name, style: bold}, {text: s.Get(key.Name)}, {text: a.translate(key.Help)}})
	}
	a.out.table([]string{a.text("set.key", nil), a.text("set.value", nil), a.text("set.help", nil)}, rows)
}

// changeable finds a profile that this user may change. Where it is everybody's, the refusal has the administrator's command.
func (a *app) changeable(ctx context.Context, wanted string, machine bool, command []string) (*store.Store, store.Entry, error) {
	if machine {
		target, err := a.administered(command)
		if err != nil {
			return nil, store.Entry{}, err
		}
		entry, err := target.Find(wanted)
		return target, entry, a.orElsewhere(ctx, wanted, err)
	}
	target, err := a.userStore()
	if err != nil {
		return nil, store.Entry{}, err
	}
	all, err := a.look(ctx)
	if err != nil {
		return nil, store.Entry{}, err
	}
	found, err := all.find(wanted)
	if err != nil {
		return nil, store.Entry{}, err
	}
	if found.Machine {
		return nil, store.Entry{}, &commandError{code: "machine-profile", exit: exitPermission, values: language.Values{"Name": found.Name},
			command: shell.Command(append([]string{"sudo", "footbridge"}, command...)...)}
	}
	entry, err := target.Get(found.ID)
	return target, entry, err
}
