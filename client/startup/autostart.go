package startup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Autostart is an entry in a folder of desktop entries (Desktop Application Autostart Specification 0.5, Desktop Entry Specification 1.5).
type Autostart struct {
	Folder  string // the user's: $XDG_CONFIG_HOME/autostart
	Program Program
}

// maxEntry bounds what is read of a desktop entry, in bytes.
const maxEntry = 64 << 10

func (a Autostart) path() string { return filepath.Join(a.Folder, a.Program.ID+".desktop") }

// On implements Entry.
func (a Autostart) On() (bool, error) {
	file, err := os.Open(a.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxEntry))
	if err := errors.Join(err, file.Close()); err != nil {
		return false, fmt.Errorf("read autostart entry: %w", err)
	}
	return starts(string(data)), nil
}

// starts reports whether a desktop entry is for starting: it has a command, and nothing switches it off.
func starts(text string) bool {
	inEntry, command := false, false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			inEntry = line == "[Desktop Entry]"
			continue
		}
		name, value, found := strings.Cut(line, "=")
		if !inEntry || !found {
			continue
		}
		switch name, value = strings.TrimSpace(name), strings.TrimSpace(value); name {
		case "Exec":
			command = value != ""
		case "Hidden":
			if value == "true" {
				return false
			}
		case "X-GNOME-Autostart-enabled": // what GNOME's settings write
			if value == "false" {
				return false
			}
		}
	}
	return command
}

// Set implements Entry.
func (a Autostart) Set(on bool) error {
	if !on {
		if err := os.Remove(a.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove autostart entry: %w", err)
		}
		return nil
	}
	content, err := a.content()
	if err == nil {
		err = replace(a.path(), []byte(content))
	}
	if err != nil {
		return fmt.Errorf("write autostart entry: %w", err)
	}
	return nil
}

func (a Autostart) content() (string, error) {
	if len(a.Program.Command) == 0 {
		return "", errors.New("there is no command")
	}
	var b strings.Builder
	b.WriteString("[Desktop Entry]\nType=Application\nVersion=1.5\n")
	for _, pair := range [][2]string{{"Name", a.Program.Name}, {"Comment", a.Program.Comment}, {"Icon", a.Program.Icon}} {
		if pair[1] != "" {
			b.WriteString(pair[0] + "=" + escaped(pair[1]) + "\n")
		}
	}
	var words []string
	for _, word := range a.Program.Command {
		words = append(words, quoted(word))
	}
	b.WriteString("Exec=" + escaped(strings.Join(words, " ")) + "\nTerminal=false\nX-GNOME-Autostart-enabled=true\n")
	return b.String(), nil
}

// escaped writes a value of type string: line breaks and backslashes have escapes.
func escaped(value string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
}

// quoted writes an argument of a command: in quotes, with those characters escaped that a shell would look at, and "%" doubled.
func quoted(word string) string {
	word = strings.ReplaceAll(word, "%", "%%")
	if word != "" && !strings.ContainsAny(word, " \t\n\"'\\><~|&;$*?#()`") {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(word) + `"`
}

// replace writes a file beside and renames it.
func replace(path string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	beside, err := os.CreateTemp(filepath.Dir(path), ".footbridge-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(beside.Name()))
		}
	}()
	_, err = beside.Write(content)
	if err = errors.Join(err, beside.Close()); err != nil {
		return err
	}
	return os.Rename(beside.Name(), path)
}
