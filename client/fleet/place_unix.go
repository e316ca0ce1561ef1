//go:build unix && !darwin

package fleet

func configDir() string { return "/etc/footbridge" }
