package preferences

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxSize bounds a file of preferences, in bytes.
const MaxSize = 64 << 10

// Parse reads preferences. What it does not know, finds twice or cannot be is an error.
func Parse(data []byte) (Preferences, error) {
	if len(data) > MaxSize {
		return Preferences{}, fmt.Errorf("read preferences: more than %d KB", MaxSize>>10)
	}
	if err := checkNames(data); err != nil {
		return Preferences{}, fmt.Errorf("read preferences: %w", err)
	}
	var p Preferences
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Preferences{}, fmt.Errorf("read preferences: %w", err)
	}
	if err := p.Validate(); err != nil {
		return Preferences{}, fmt.Errorf("read preferences: %w", err)
	}
	return p, nil
}

// checkNames refuses what encoding/json would take: a name twice or in another case, something behind the object, and no object at all.
func checkNames(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	first, err := decoder.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('{') {
		return errors.New("it is no JSON object")
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] || name != string(bytes.ToLower([]byte(name))) {
			return errors.New("a name is there twice, or in another case")
		}
		seen[name] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind it")
	}
	return nil
}
