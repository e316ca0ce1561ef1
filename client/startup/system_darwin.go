package startup

import (
	"os"
	"path/filepath"
)

func system(program Program) Entry {
	home, err := os.UserHomeDir()
	if err != nil {
		home = string(filepath.Separator)
	}
	return LaunchAgent{Folder: filepath.Join(home, "Library", "LaunchAgents"), Program: program}
}
