package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/footbridge-vpn/footbridge/client/language"
)

// The groups that commands are listed in.
const (
	groupConnection = "connection"
	groupProfiles   = "profiles"
	groupSignIn     = "sign-in"
	groupTrouble    = "trouble"
	groupComputer   = "computer"
)

func groups() []string {
	return []string{groupConnection, groupProfiles, groupSignIn, groupTrouble, groupComputer}
}

// likeness is how many letters apart a word may be from the command that was perhaps meant.
const likeness = 2

func hide(flags *pflag.FlagSet, name string) { flags.Lookup(name).Hidden = true }

// describe gives every command and flag its words from the catalogue, and errors and help their form.
func (a *app) describe(root *cobra.Command) {
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(flagProblem)
	root.SetHelpFunc(a.help)
	root.SetUsageFunc(func(command *cobra.Command) error { a.help(command, nil); return nil })
	root.CompletionOptions.HiddenDefaultCmd = true
	for _, group := range groups() {
		root.AddGroup(&cobra.Group{ID: group, Title: a.text("help.group."+group, nil)})
	}
	root.SetHelpCommand(&cobra.Command{Use: "no-help", Hidden: true})
	root.InitDefaultVersionFlag()
	a.describeTree(root)
}

func (a *app) describeTree(command *cobra.Command) {
	key := commandKey(command)
	command.Short = a.text(key, nil)
	if long := key + ".long"; a.texts().Has(long) {
		command.Long = a.text(long, nil)
	}
	command.Flags().BoolP("help", "h", false, "")
	command.DisableFlagsInUseLine = true
	command.SuggestionsMinimumDistance = likeness
	describeFlag := func(flag *pflag.Flag) {
		flag.Usage = a.text(a.flagKey(command, flag), nil)
	}
	command.LocalFlags().VisitAll(describeFlag)
	for _, child := range command.Commands() {
		if !child.Hidden {
			a.describeTree(child)
		}
	}
}

// commandKey is where a command's texts stand: "command.cert.issue".
func commandKey(command *cobra.Command) string {
	path := strings.Fields(command.CommandPath())
	return strings.Join(append([]string{"command"}, path[1:]...), ".")
}

// flagKey is where a flag's text stands: that of the command's own, or the one for all commands.
func (a *app) flagKey(command *cobra.Command, flag *pflag.Flag) string {
	own := "flag." + strings.TrimPrefix(commandKey(command), "command.") + "." + flag.Name
	if a.texts().Has(own) {
		return own
	}
	return "flag." + flag.Name
}

// help prints what a command does and how it is used.
func (a *app) help(command *cobra.Command, _ []string) {
	words := command.Long
	if words == "" {
		words = command.Short
	}
	a.out.line(words)
	a.section("help.usage", usageLines(command))
	a.section("help.examples", strings.Split(command.Example, "\n"))
	for _, group := range groups() {
		a.subcommands(command, group, "help.group."+group)
	}
	a.subcommands(command, "", "help.commands")
	a.flags("help.flags", command.LocalFlags())
	a.flags("help.global-flags", command.InheritedFlags())
	if !command.HasParent() {
		a.exitCodeTable()
		a.out.line("")
		a.say("help.more", nil)
	}
}

func usageLines(command *cobra.Command) []string {
	var lines []string
	if command.Runnable() {
		lines = append(lines, "  "+command.UseLine())
	}
	if command.HasAvailableSubCommands() {
		lines = append(lines, "  "+command.CommandPath()+" COMMAND")
	}
	return lines
}

func (a *app) section(title string, lines []string) {
	if strings.TrimSpace(strings.Join(lines, "")) == "" {
		return
	}
	a.heading(title)
	for _, line := range lines {
		fmt.Fprintln(a.out, line)
	}
}

func (a *app) heading(title string) {
	fmt.Fprintln(a.out, "\n"+a.out.styled(bold, a.text(title, nil)))
}

func (a *app) subcommands(command *cobra.Command, group, title string) {
	var list []fact
	for _, child := range command.Commands() {
		if child.IsAvailableCommand() && child.GroupID == group {
			list = append(list, fact{"  " + child.Name(), cell{text: child.Short}})
		}
	}
	if len(list) > 0 {
		a.heading(title)
		a.out.facts(list)
	}
}

func (a *app) flags(title string, flags *pflag.FlagSet) {
	var list []fact
	flags.VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden {
			return
		}
		name := "      --" + flag.Name
		if flag.Shorthand != "" {
			name = "  -" + flag.Shorthand + ", --" + flag.Name
		}
		value, usage := pflag.UnquoteUsage(flag)
		if value != "" {
			name += " " + value
		}
		list = append(list, fact{name, cell{text: usage + a.defaultOf(flag)}})
	})
	if len(list) > 0 {
		a.heading(title)
		a.out.facts(list)
	}
}

// defaultOf says what holds where a flag is not given, where that is not nothing.
func (a *app) defaultOf(flag *pflag.Flag) string {
	switch flag.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return " " + a.text("help.default", language.Values{"Value": flag.DefValue})
}

func (a *app) exitCodeTable() {
	a.heading("help.exit-codes")
	var list []fact
	for _, code := range exitCodes() {
		list = append(list, fact{fmt.Sprintf("  %3d", code), cell{text: a.text(fmt.Sprintf("exit.%d", code), nil)}})
	}
	a.out.facts(list)
}
