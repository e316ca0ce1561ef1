package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// The references are written from the commands themselves. UPDATE_GOLDEN=1 go test ./cmd/footbridge -run TestReference writes them anew.
const (
	commandsDocument = "../../docs/commands.md"
	manFolder        = "../../docs/man"
)

// referenceApp is the program in English, away from any terminal and from this computer's paths.
func referenceApp() *app {
	return newApp(strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer), func(string) string { return "" })
}

// walk visits a command and all below it that are shown.
func walk(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)
	for _, child := range command.Commands() {
		if child.IsAvailableCommand() {
			walk(child, visit)
		}
	}
}

func TestReferenceOfCommands(t *testing.T) {
	a := referenceApp()
	root := a.rootCommand()
	var out strings.Builder
	out.WriteString("# Commands\n\nWritten from the program's own `--help`; [json.md](json.md) has what `--json` prints.\n\n| exit code | |\n| --- | --- |\n")
	for _, code := range exitCodes() {
		fmt.Fprintf(&out, "| %d | %s |\n", code, a.text(fmt.Sprintf("exit.%d", code), nil))
	}
	out.WriteString("\nCommands that go on until Ctrl-C (`run`, `status --watch`, `logs --follow`) end with 0 then; everywhere else Ctrl-C is 130.\n")
	walk(root, func(command *cobra.Command) { writeReference(&out, command) })
	compareFile(t, commandsDocument, out.String())
}

func writeReference(out *strings.Builder, command *cobra.Command) {
	words := command.Long
	if words == "" {
		words = command.Short + "."
	}
	fmt.Fprintf(out, "\n## %s\n\n%s\n\n```\n%s\n```\n", command.CommandPath(), words, command.UseLine())
	rows := ""
	command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" {
			return
		}
		value, usage := pflag.UnquoteUsage(flag)
		name := "--" + flag.Name
		if flag.Shorthand != "" {
			name = "-" + flag.Shorthand + ", " + name
		}
		rows += fmt.Sprintf("| `%s` | %s |\n", strings.TrimSpace(name+" "+value), strings.ReplaceAll(usage, "|", `\|`))
	})
	if rows != "" {
		fmt.Fprintf(out, "\n| flag | |\n| --- | --- |\n%s", rows)
	}
	if command.Example != "" {
		fmt.Fprintf(out, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(command.Example, "  "), "\n  ", "\n"))
	}
}

func TestReferenceManPages(t *testing.T) {
	root := referenceApp().rootCommand()
	root.DisableAutoGenTag = true
	pages := map[string]bool{}
	walk(root, func(command *cobra.Command) {
		command.DisableAutoGenTag = true
		// Where a user's own folders are differs from computer to computer.
		if flag := command.Flags().Lookup("state-dir"); flag != nil {
			flag.DefValue = ""
		}
		date := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
		var page bytes.Buffer
		header := doc.GenManHeader{Title: strings.ToUpper(strings.ReplaceAll(command.CommandPath(), " ", "-")), Section: "1", Source: "Footbridge", Manual: "Footbridge", Date: &date}
		if err := doc.GenMan(command, &header, &page); err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(command.CommandPath(), " ", "-") + ".1"
		pages[name] = true
		compareFile(t, filepath.Join(manFolder, name), page.String())
	})
	entries, err := os.ReadDir(manFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !pages[entry.Name()] {
			t.Errorf("docs/man/%s is of a command that is gone", entry.Name())
		}
	}
}

func compareFile(t *testing.T, path, want string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s is not what the commands say (%v); UPDATE_GOLDEN=1 writes it", path, err)
	}
}

// Every command has words in the catalogue, an example that names it, and words for each flag; no words are left over.
func TestEveryCommandIsDescribed(t *testing.T) {
	a := referenceApp()
	root := a.rootCommand()
	used := map[string]bool{}
	walk(root, func(command *cobra.Command) {
		key := commandKey(command)
		used[key], used[key+".long"] = true, true
		if command.Short == key || command.Short == "" {
			t.Errorf("%s has no words", command.CommandPath())
		}
		if !strings.Contains(command.Example, command.Name()) {
			t.Errorf("%s has no example", command.CommandPath())
		}
		command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			used[a.flagKey(command, flag)] = true
			if flag.Usage == "" || strings.HasPrefix(flag.Usage, "flag.") {
				t.Errorf("%s --%s has no words", command.CommandPath(), flag.Name)
			}
		})
	})
	for _, key := range catalogueKeys(t) {
		if (strings.HasPrefix(key, "command") || strings.HasPrefix(key, "flag.")) && !used[key] {
			t.Errorf("%s is of a command or flag that is gone", key)
		}
	}
}

// The examples are commands that can be typed: their commands and flags exist.
func TestExamplesCanBeTyped(t *testing.T) {
	root := referenceApp().rootCommand()
	walk(root, func(command *cobra.Command) {
		for line := range strings.SplitSeq(command.Example, "\n") {
			_, typed, found := strings.Cut(line, "footbridge ")
			if !found {
				continue
			}
			typed, _, _ = strings.Cut(typed, "|")
			typed, _, _ = strings.Cut(typed, ">")
			words := strings.Fields(strings.TrimSuffix(strings.TrimSpace(typed), ")"))
			target, rest, err := root.Find(words)
			if err != nil || target == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
				t.Errorf("%s: there is no such command (%v)", line, err)
				continue
			}
			for _, word := range rest {
				name, isFlag := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(name, "=")
				if isFlag && target.Flags().Lookup(name) == nil && target.InheritedFlags().Lookup(name) == nil {
					t.Errorf("%s: there is no flag --%s", line, name)
				}
			}
		}
	})
}

// catalogueKeys are the keys of the English texts.
func catalogueKeys(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile("../../client/language/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for line := range strings.SplitSeq(string(data), "\n") {
		if key, _, found := strings.Cut(strings.TrimSpace(line), `": `); found && strings.HasPrefix(key, `"`) {
			keys = append(keys, strings.TrimPrefix(key, `"`))
		}
	}
	return keys
}
