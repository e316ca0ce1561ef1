package fleet

import "path/filepath"

// DropFolderPath is where deployment tools put profiles, by the system's folder for an administrator's files.
func DropFolderPath() string { return filepath.Join(configDir(), "profiles.d") }
