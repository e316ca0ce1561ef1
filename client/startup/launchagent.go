package startup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"howett.net/plist"
)

// LaunchAgent is an entry in macOS's folder of what launchd starts for a user (launchd.plist(5)).
type LaunchAgent struct {
	Folder  string // ~/Library/LaunchAgents
	Program Program
}

// agent is the property list.
type agent struct {
	Label            string   `plist:"Label"`
	ProgramArguments []string `plist:"ProgramArguments"`
	RunAtLoad        bool     `plist:"RunAtLoad"`
	Disabled         bool     `plist:"Disabled,omitempty"`
	ProcessType      string   `plist:"ProcessType,omitempty"`
	SessionType      string   `plist:"LimitLoadToSessionType,omitempty"`
}

func (l LaunchAgent) path() string { return filepath.Join(l.Folder, l.Program.ID+".plist") }

// On implements Entry.
func (l LaunchAgent) On() (bool, error) {
	file, err := os.Open(l.path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read launch agent: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxEntry))
	if err := errors.Join(err, file.Close()); err != nil {
		return false, fmt.Errorf("read launch agent: %w", err)
	}
	var a agent
	if _, err := plist.Unmarshal(data, &a); err != nil {
		return false, nil // launchd does not take it either
	}
	return a.RunAtLoad && !a.Disabled && len(a.ProgramArguments) > 0, nil
}

// Set implements Entry. It holds from the next time that the user signs in: the app that sets it runs already.
func (l LaunchAgent) Set(on bool) error {
	if !on {
		if err := os.Remove(l.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove launch agent: %w", err)
		}
		return nil
	}
	if len(l.Program.Command) == 0 {
		return errors.New("write launch agent: there is no command")
	}
	data, err := plist.MarshalIndent(agent{Label: l.Program.ID, ProgramArguments: l.Program.Command, RunAtLoad: true, ProcessType: "Interactive", SessionType: "Aqua"}, plist.XMLFormat, "\t")
	if err == nil {
		err = replace(l.path(), data)
	}
	if err != nil {
		return fmt.Errorf("write launch agent: %w", err)
	}
	return nil
}
