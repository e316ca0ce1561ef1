package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"aead.dev/minisign"
	"github.com/BurntSushi/toml"

	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// SourcePath is where an administrator says which manifest a computer follows.
func SourcePath() string { return filepath.Join(configDir(), "fleet.toml") }

// The times between two looks at a manifest.
const (
	DefaultInterval = time.Hour
	MinInterval     = time.Minute
	MaxInterval     = 30 * 24 * time.Hour
)

// maxSource bounds the file, in bytes.
const maxSource = 64 << 10

// Source says which manifest a computer follows, and why it may be believed. Exactly one of SHA256 and PublicKey is set.
type Source struct {
	URL string `toml:"url"` // https
	// SHA256 is the manifest's own, in hex: another manifest is refused.
	SHA256 string `toml:"sha256,omitempty"`
	// PublicKey is a minisign public key, "RW…" (jedisct1.github.io/minisign): the manifest's signature is at its address with ".minisig" behind.
	PublicKey string `toml:"public_key,omitempty"`
	// Interval is how often the manifest is looked at, "1h"; empty: DefaultInterval.
	Interval string `toml:"interval,omitempty"`
	// Proxy is the way to the address, "http://proxy.contoso.com:8080" or "none"; empty: the policy's, else the environment's.
	Proxy string `toml:"proxy,omitempty"`
}

// ReadSource reads the administrator's file; nil where there is none. trusted looks at the open file before its content is believed; nil:
// nothing does.
func ReadSource(path string, trusted func(fs.FileInfo) error) (*Source, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read fleet settings: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && trusted != nil {
		err = trusted(info)
	}
	if err != nil {
		return nil, fmt.Errorf("read fleet settings: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSource+1))
	if err != nil {
		return nil, fmt.Errorf("read fleet settings: %w", err)
	}
	return ParseSource(data)
}

// ParseSource reads fleet.toml. What is not known is an error.
func ParseSource(data []byte) (*Source, error) {
	if len(data) > maxSource {
		return nil, fmt.Errorf("read fleet settings: there are more than %d bytes", maxSource)
	}
	s := new(Source)
	metadata, err := toml.NewDecoder(bytes.NewReader(data)).Decode(s)
	var syntax toml.ParseError
	if errors.As(err, &syntax) {
		return nil, fmt.Errorf("read fleet settings: line %d: %s", syntax.Position.Line, syntax.Message)
	}
	if err != nil {
		return nil, fmt.Errorf("read fleet settings: %w", err)
	}
	if unknown := metadata.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("read fleet settings: there is no setting %q", unknown[0].String())
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("read fleet settings: %w", err)
	}
	return s, nil
}

// Reasons why a source cannot be followed.
var (
	ErrAddress  = errors.New("url must be an https address")
	ErrNoTrust  = errors.New("either sha256 or public_key must be there, and not both")
	ErrSHA256   = errors.New("sha256 must be 64 hexadecimal digits")
	ErrKey      = errors.New("public_key must be a minisign public key, which begins with RW")
	ErrInterval = fmt.Errorf("interval must be a time from %s to %s, such as 1h", MinInterval, MaxInterval)
	ErrProxy    = errors.New("proxy must be an address, such as http://proxy.contoso.com:8080, or none")
)

// Validate says what is wrong with a source.
func (s *Source) Validate() error {
	address, err := url.Parse(s.URL)
	if err != nil || address.Scheme != "https" || address.Host == "" || address.User != nil || address.Fragment != "" {
		return ErrAddress
	}
	if (s.SHA256 == "") == (s.PublicKey == "") {
		return ErrNoTrust
	}
	if s.SHA256 != "" {
		if sum, err := hex.DecodeString(s.SHA256); err != nil || len(sum) != sha256.Size {
			return ErrSHA256
		}
	} else if _, err := s.key(); err != nil {
		return ErrKey
	}
	if s.Interval != "" {
		interval, err := time.ParseDuration(s.Interval)
		if err != nil || interval < MinInterval || interval > MaxInterval {
			return ErrInterval
		}
	}
	if s.Proxy != "" {
		if err := new(settings.Settings).Set("proxy", s.Proxy); err != nil {
			return ErrProxy // not with the value, which may have a password in it
		}
	}
	return nil
}

// String is the source without what may be a secret in its address.
func (s *Source) String() string { return s.Address() }

// Address is where the manifest is, without what may be a secret: a query.
func (s *Source) Address() string {
	address, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: address.Scheme, Host: address.Host, Path: address.Path}).String()
}

// Every is how often the manifest is looked at.
func (s *Source) Every() time.Duration {
	interval, err := time.ParseDuration(s.Interval)
	if err != nil {
		return DefaultInterval
	}
	return interval
}

func (s *Source) key() (minisign.PublicKey, error) {
	var key minisign.PublicKey
	err := key.UnmarshalText([]byte(strings.TrimSpace(s.PublicKey)))
	return key, err
}

// identity is the same for sources whose manifests follow one another.
func (s *Source) identity() string {
	sum := sha256.Sum256([]byte(s.URL + "\x00" + s.PublicKey + "\x00" + strings.ToLower(s.SHA256)))
	return hex.EncodeToString(sum[:])
}

// signatureAddress is where the manifest's signature is: beside it, with the same query.
func (s *Source) signatureAddress() string {
	address, err := url.Parse(s.URL)
	if err != nil {
		return ""
	}
	address.Path += ".minisig"
	address.RawPath = ""
	return address.String()
}

// Encode is the source as fleet.toml.
func (s *Source) Encode() ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("write fleet settings: %w", err)
	}
	var out bytes.Buffer
	out.WriteString("# The manifest that this computer follows (docs/fleet.md).\n")
	if err := toml.NewEncoder(&out).Encode(s); err != nil {
		return nil, fmt.Errorf("write fleet settings: %w", err)
	}
	return out.Bytes(), nil
}

// replaceFile writes a file beside its place and renames it.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
