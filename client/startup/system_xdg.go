//go:build !windows && !darwin

package startup

import (
	"path/filepath"

	"github.com/adrg/xdg"
)

func system(program Program) Entry {
	return Autostart{Folder: filepath.Join(xdg.ConfigHome, "autostart"), Program: program}
}
