package fleet

func configDir() string { return "/Library/Application Support/Footbridge" }
