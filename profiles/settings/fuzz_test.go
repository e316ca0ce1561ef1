package settings

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// What is parsed is valid, can be applied without harm, and is read again as the same.
func FuzzParse(f *testing.F) {
	data, err := json.Marshal(Revealed(filled(f)))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, text := range []string{`{}`, `null`, `{"mtu":1400,"mtu":1}`, `{"proxy":{"type":"none"}}`, `{"dns_servers":["fe80::1%x"],"include_routes":["10.1.2.3/8"]}`,
		`{"trusted_networks":[{"probe":"[::1]:1"}]}`, `{"remember_password":false,"certificate":{}}`, `{"a":[[[[[[[[[[`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data)
		if err != nil {
			if !s.IsZero() {
				t.Error("an error, and settings")
			}
			return
		}
		encoded, err := json.Marshal(Revealed(s))
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(encoded)
		if err != nil {
			t.Fatalf("%v: %s", err, encoded)
		}
		twice, err := json.Marshal(Revealed(again))
		if err != nil || string(twice) != string(encoded) {
			t.Errorf("%v: %s, then %s", err, encoded, twice)
		}
		if _, err := s.Apply(example()); err != nil {
			t.Errorf("apply: %v", err)
		}
		if p := s.Proxy; p != nil && len(p.Password) > 3 && strings.Contains(s.Redacted().Get("proxy"), ":"+p.Password.Reveal()+"@") {
			t.Error("the password is shown")
		}
	})
}

// A value that is taken is valid and comes back as the same; one that is refused changes nothing.
func FuzzSet(f *testing.F) {
	for _, key := range Keys() {
		f.Add(key.Name, key.Example)
		f.Add(key.Name, "192.0.2.1")
	}
	f.Add("proxy", "socks5://a:b%3A@[fd00::1]:1080")
	f.Add("dns-suffixes", "ümläut.example .a. _b")
	f.Fuzz(func(t *testing.T, key, value string) {
		var s Settings
		err := s.Set(key, value)
		var refused *ValueError
		var unknown *UnknownKeyError
		switch {
		case err == nil:
		case !errors.As(err, &refused) && !errors.As(err, &unknown), !s.IsZero(), len(err.Error()) > 1200:
			t.Fatalf("%v, %+v", err, s)
		default:
			return
		}
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		var again Settings
		if err := again.Set(key, s.Get(key)); err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("%q came back as %q: %v\n%+v\n%+v", value, s.Get(key), err, s, again)
		}
		if _, err := s.Apply(example()); err != nil {
			t.Errorf("apply: %v", err)
		}
	})
}
