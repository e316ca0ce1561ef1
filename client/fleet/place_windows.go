package fleet

import (
	"os"
	"path/filepath"
)

// configDir is below ProgramData, which Windows lets administrators move.
func configDir() string {
	base := os.Getenv("ProgramData")
	if base == "" {
		base = `C:\ProgramData`
	}
	return filepath.Join(base, "Footbridge")
}
