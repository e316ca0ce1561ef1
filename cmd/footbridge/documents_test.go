package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// told are the command lines of this program in a document: in its blocks for shells, and in the text.
func told(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for i, part := range strings.Split(string(data), "```") {
		if i%2 == 0 {
			for _, match := range regexp.MustCompile("`((?:sudo )?footbridge [^`]*)`").FindAllStringSubmatch(part, -1) {
				found = append(found, match[1])
			}
			continue
		}
		block, isShell := strings.CutPrefix(part, "sh\n")
		if !isShell {
			continue
		}
		for line := range strings.SplitSeq(strings.ReplaceAll(block, "\\\n", " "), "\n") {
			if command := strings.TrimPrefix(strings.TrimSpace(line), "sudo "); strings.HasPrefix(command, "footbridge ") {
				found = append(found, line)
			}
		}
	}
	return found
}

// shellWords takes a line apart as a shell does, so far as documents need it.
func shellWords(line string) []string {
	var words []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, open = r, true
		case quote == 0 && r == ' ':
			if open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words
}

// parses reports why a command line would be refused before anything is done; nil: it is understood.
func parses(root *cobra.Command, line string) error {
	words := shellWords(strings.TrimPrefix(strings.TrimSpace(line), "sudo "))
	command, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	return command.ValidateArgs(command.Flags().Args())
}

// Every command that a document tells a helpdesk to type exists, with its flags and as many arguments.
func TestCommandsInDocuments(t *testing.T) {
	for path, least := range map[string]int{"../../docs/helpdesk.md": 45, "../../docs/fleet.md": 5, "../../docs/azure.md": 22} {
		lines := told(t, path)
		if len(lines) < least {
			t.Errorf("%s: found only %d commands", path, len(lines))
		}
		for _, line := range lines {
			if strings.Contains(line, "…") { // a part of a command
				continue
			}
			if err := parses(newApp(new(bytes.Buffer), io.Discard, io.Discard, func(string) string { return "" }).rootCommand(), line); err != nil {
				t.Errorf("%s: %s: %v", path, line, err)
			}
		}
	}
	root := func() *cobra.Command {
		return newApp(new(bytes.Buffer), io.Discard, io.Discard, func(string) string { return "" }).rootCommand()
	}
	for _, wrong := range []string{"footbridge imports x", "footbridge import --not-a-flag x", "footbridge cert issued", "sudo footbridge fleet status now", "footbridge rename one"} {
		if parses(root(), wrong) == nil {
			t.Errorf("%q is taken for a command", wrong)
		}
	}
}
