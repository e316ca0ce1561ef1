package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of settings as JSON.
const (
	MaxSize  = 1 << 20 // bytes
	maxDepth = 8       // of objects and lists in each other
)

// Parse reads settings with their secrets. What it does not know, or finds twice, is an error.
func Parse(data []byte) (Settings, error) {
	var s Settings
	if err := json.Unmarshal(data, &s); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", plainly(err))
	}
	if err := s.Validate(); err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// Revealed is Settings whose JSON shows the secrets: for the store's own files and for the service, for nobody's eyes.
type Revealed Settings

// MarshalJSON implements json.Marshaler with the secrets.
func (r Revealed) MarshalJSON() ([]byte, error) {
	type plainProxy struct {
		Proxy
		Password string `json:"password,omitempty"`
	}
	type fields Settings
	document := struct {
		fields
		Proxy *plainProxy `json:"proxy,omitempty"`
	}{fields: fields(r)}
	if r.Proxy != nil {
		document.Proxy = &plainProxy{Proxy: *r.Proxy, Password: r.Proxy.Password.Reveal()}
	}
	return json.Marshal(document)
}

// UnmarshalJSON implements json.Unmarshaler as that of Settings.
func (r *Revealed) UnmarshalJSON(data []byte) error {
	return (*Settings)(r).UnmarshalJSON(data)
}

// String hides the content.
func (r Revealed) String() string { return "settings " + string(hidden) }

// GoString is String.
func (r Revealed) GoString() string { return r.String() }

// UnmarshalJSON implements json.Unmarshaler. It refuses unknown fields, those that are written twice or in another case, and what is
// too large; Validate is another matter.
func (s *Settings) UnmarshalJSON(data []byte) error {
	if len(data) > MaxSize {
		return fmt.Errorf("the settings have more than %d MB", MaxSize>>20)
	}
	if err := checkObjects(data); err != nil {
		return err
	}
	type fields Settings
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var decoded fields
	if err := decoder.Decode(&decoded); err != nil {
		return plainly(err)
	}
	*s = Settings(decoded)
	return nil
}

// checkObjects refuses what encoding/json would take: a name twice in an object, and names in another case.
func checkObjects(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		names   map[string]bool // nil in a list
		isValue bool            // a name was read, its value follows
	}
	var open []level
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return plainly(err)
		}
		if delimiter, is := token.(json.Delim); is && (delimiter == '}' || delimiter == ']') {
			open = open[:len(open)-1]
			continue
		}
		if top := len(open) - 1; top >= 0 && open[top].names != nil {
			if name, is := token.(string); is && !open[top].isValue {
				if open[top].names[name] {
					return fmt.Errorf("%q is there twice", shortened(name))
				}
				if name != strings.ToLower(name) {
					return fmt.Errorf("%q is not known", shortened(name))
				}
				open[top].names[name], open[top].isValue = true, true
				continue
			}
			open[top].isValue = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		}
		if len(open) > maxDepth {
			return errors.New("the JSON is nested too deeply")
		}
	}
}

// plainly says what is wrong with JSON without quoting much of it, or Go's types.
func plainly(err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return errors.New("the JSON is cut short")
	case errors.As(err, &syntax):
		return fmt.Errorf("the JSON is damaged at byte %d", syntax.Offset)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the JSON is cut short")
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%q has a value of the wrong kind", kind.Field)
	case errors.As(err, &kind):
		return errors.New("the settings are not an object")
	}
	if field, is := strings.CutPrefix(err.Error(), "json: unknown field "); is {
		return fmt.Errorf("%s is not known", shortened(field))
	}
	return err
}
