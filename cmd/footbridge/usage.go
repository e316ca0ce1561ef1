package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/footbridge-vpn/footbridge/client/language"
)

// usageError is a command line that cannot be meant. Its text stands in the catalogue as "usage.CODE".
type usageError struct {
	code   string
	values language.Values
}

// Error implements error, for logs.
func (e *usageError) Error() string { return "usage: " + e.code }

func isUsage(err error) bool {
	var usage *usageError
	return errors.As(err, &usage)
}

func explainUsage(texts *language.Texts, err error) failure {
	var usage *usageError
	errors.As(err, &usage)
	return failure{Code: "usage-" + usage.code, Sentence: texts.Text("usage."+usage.code, usage.values)}
}

// exactly wants a number of arguments.
func exactly(n int) cobra.PositionalArgs { return between(n, n) }

// atLeast wants a number of arguments or more.
func atLeast(n int) cobra.PositionalArgs { return between(n, 1<<20) }

func between(least, most int) cobra.PositionalArgs {
	return func(command *cobra.Command, arguments []string) error {
		switch {
		case len(arguments) < least:
			return &usageError{"too-few", language.Values{"Usage": command.UseLine()}}
		case len(arguments) > most:
			return &usageError{"too-many", language.Values{"Argument": arguments[most], "Usage": command.UseLine()}}
		}
		return nil
	}
}

// flagProblem turns what is wrong with flags into words of the catalogue.
func flagProblem(_ *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown):
		return &usageError{"unknown-flag", language.Values{"Flag": dashed(unknown.GetSpecifiedName())}}
	case errors.As(err, &missing):
		return &usageError{"flag-without-value", language.Values{"Flag": dashed(missing.GetSpecifiedName())}}
	case errors.As(err, &invalid):
		return flagValue(invalid.GetFlag(), strconv.Quote(invalid.GetValue()))
	default:
		return &usageError{"flags", language.Values{"Reason": err.Error()}}
	}
}

// flagValue says what a flag takes.
func flagValue(flag *pflag.Flag, value string) error {
	values := language.Values{"Flag": dashed(flag.Name), "Value": value}
	switch flag.Value.Type() {
	case "duration":
		return &usageError{"flag-value-time", values}
	case "int":
		return &usageError{"flag-value-number", values}
	default:
		return &usageError{"flag-value", values}
	}
}

// dashed is how a flag is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// together refuses flags that exclude each other.
func together(command *cobra.Command, names ...string) error {
	var given []string
	for _, name := range names {
		if command.Flags().Changed(name) {
			given = append(given, dashed(name))
		}
	}
	if len(given) > 1 {
		return &usageError{"flags-together", language.Values{"Flags": strings.Join(given, ", ")}}
	}
	return nil
}

// oneOf refuses a value that is none of those that a flag takes.
func oneOf(flag, value string, allowed ...string) error {
	for _, known := range allowed {
		if value == known {
			return nil
		}
	}
	return &usageError{"flag-choice", language.Values{"Flag": dashed(flag), "Value": strconv.Quote(value), "Allowed": strings.Join(allowed, ", ")}}
}

// unknownCommand answers a word that is no command.
func unknownCommand(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 {
		return nil
	}
	if similar := command.SuggestionsFor(arguments[0]); len(similar) > 0 {
		return &usageError{"unknown-command-similar", language.Values{"Command": strconv.Quote(arguments[0]), "Similar": strings.Join(similar, ", ")}}
	}
	return &usageError{"unknown-command", language.Values{"Command": strconv.Quote(arguments[0])}}
}
