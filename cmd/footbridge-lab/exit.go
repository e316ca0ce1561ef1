package main

import "errors"

// exitError is an exit code for an error that was already shown.
type exitError int

func (exitError) Error() string { return "" }

func exitCode(err error) int {
	var code exitError
	if errors.As(err, &code) {
		return int(code)
	}
	return 1
}
