package startup

import (
	"errors"
	"fmt"
	"strings"
)

// Values are the values of the two keys of Windows's registry that decide what starts for a user.
type Values interface {
	// Command is the value of a name under Software\Microsoft\Windows\CurrentVersion\Run; empty: there is none.
	Command(name string) (string, error)
	SetCommand(name, command string) error
	// DeleteCommand is no error where there is none.
	DeleteCommand(name string) error
	// Approval is the value of a name under …\Explorer\StartupApproved\Run, which Task Manager and Settings write; empty: there is none.
	Approval(name string) ([]byte, error)
	// DeleteApproval is no error where there is none.
	DeleteApproval(name string) error
}

// RunKey is an entry in Windows's registry.
type RunKey struct {
	Values  Values
	Program Program
}

// On implements Entry.
func (r RunKey) On() (bool, error) {
	command, err := r.Values.Command(r.Program.Name)
	if err != nil || command == "" {
		return false, wrap("read", err)
	}
	approval, err := r.Values.Approval(r.Program.Name)
	// An odd first byte says that the user switched it off.
	return err == nil && (len(approval) == 0 || approval[0]&1 == 0), wrap("read", err)
}

// Set implements Entry.
func (r RunKey) Set(on bool) error {
	if !on {
		return wrap("remove", errors.Join(r.Values.DeleteCommand(r.Program.Name), r.Values.DeleteApproval(r.Program.Name)))
	}
	if len(r.Program.Command) == 0 {
		return errors.New("write run key: there is no command")
	}
	var words []string
	for _, word := range r.Program.Command {
		words = append(words, quotedForWindows(word))
	}
	return wrap("write", errors.Join(r.Values.SetCommand(r.Program.Name, strings.Join(words, " ")), r.Values.DeleteApproval(r.Program.Name)))
}

func wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s run key: %w", verb, err)
}

// quotedForWindows writes an argument as CommandLineToArgvW reads it: backslashes are doubled before a quote only.
func quotedForWindows(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\"") {
		return word
	}
	var b strings.Builder
	b.WriteByte('"')
	backslashes := 0
	for _, r := range word {
		switch r {
		case '\\':
			backslashes++
			continue
		case '"':
			b.WriteString(strings.Repeat(`\`, 2*backslashes+1))
		default:
			b.WriteString(strings.Repeat(`\`, backslashes))
		}
		backslashes = 0
		b.WriteRune(r)
	}
	b.WriteString(strings.Repeat(`\`, 2*backslashes) + `"`)
	return b.String()
}
