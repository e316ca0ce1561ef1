package main

import (
	"encoding/json"
	"fmt"
)

// jsonFormat is the version of what --json prints (docs/json.md). Fields are added without changing it.
const jsonFormat = 1

// document is the beginning of every JSON object that a command prints as its whole result.
type document struct {
	Format int `json:"format"`
}

func newDocument() document { return document{jsonFormat} }

// line is the beginning of every JSON object of those that a command prints one a line.
type line struct {
	Kind string `json:"kind"`
}

// printJSON prints the result of a command.
func (a *app) printJSON(result any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// printLine prints one of the lines of a command that goes on.
func (a *app) printLine(line any) error {
	encoder := json.NewEncoder(a.out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return nil
}
