// Package keyring is where secrets rest between two runs: the keyring of the user's system where there is one, an encrypted file where there is
// none, or nowhere but in memory.
package keyring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"
)

// Keyring keeps secrets by key. It is safe for concurrent use, by several processes too. Keys are short names such as "entra/tokens"; they
// are no secrets. Errors never hold a secret.
type Keyring interface {
	// Get returns a secret. found is false where there is none, or none that can be used any more: what is damaged is set aside. The error is
	// ErrLocked or ErrUnavailable where that is why nothing can be said.
	Get(ctx context.Context, key string) (secret []byte, found bool, err error)
	// Set keeps a secret of at most MaxSecret bytes.
	Set(ctx context.Context, key string, secret []byte) error
	// Delete removes a secret. It is no error where there is none.
	Delete(ctx context.Context, key string) error
	// Update changes a secret while no other process of ours changes it. change gets nil where there is none, and returns nil to remove it;
	// its error is returned and leaves everything as it was.
	Update(ctx context.Context, key string, change func(secret []byte) ([]byte, error)) error
	// Kind says what kind of keyring it is.
	Kind() Kind
}

// Kind is a kind of keyring.
type Kind string

// The kinds of keyrings.
const (
	SecretService Kind = "secret-service" // GNOME Keyring, KWallet, KeePassXC and others, over D-Bus
	Keychain      Kind = "keychain"       // macOS: the key is in the Keychain, what it encrypts in files
	DPAPI         Kind = "dpapi"          // Windows: files under a key that belongs to the user's account
	File          Kind = "file"           // files under a key that is in a file beside them
	Memory        Kind = "memory"         // nothing outlives the process
)

// Limits of what is kept.
const (
	MaxSecret = 1 << 20 // bytes
	maxKey    = 256     // bytes
)

// The reasons why a keyring does not do what it is asked to.
var (
	ErrLocked      = errors.New("the keyring is locked")
	ErrUnavailable = errors.New("there is no keyring service")
)

// Preference says which keyring is wanted.
type Preference string

// The preferences. Auto is the system's keyring, and an encrypted file where there is none.
const (
	Auto                Preference = "auto"
	PreferSecretService Preference = Preference(SecretService)
	PreferKeychain      Preference = Preference(Keychain)
	PreferDPAPI         Preference = Preference(DPAPI)
	PreferFile          Preference = Preference(File)
	PreferMemory        Preference = Preference(Memory)
)

// Options says how to open a keyring. The zero value is the best there is for this user.
type Options struct {
	Preference Preference    // empty: Auto
	Dir        string        // where files are: encrypted secrets, and the lock between processes; empty: UserDir
	BusAddress string        // of the D-Bus session bus; empty: the user's
	CallLimit  time.Duration // for one call of the keyring service; 0: 5 seconds
	AskLimit   time.Duration // for the user to unlock the keyring; 0: 2 minutes
	Logger     *slog.Logger  // nil: silent
}

func (o Options) withDefaults() Options {
	if o.Preference == "" {
		o.Preference = Auto
	}
	if o.Dir == "" {
		o.Dir = UserDir()
	}
	if o.CallLimit <= 0 {
		o.CallLimit = 5 * time.Second
	}
	if o.AskLimit <= 0 {
		o.AskLimit = 2 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// UserDir is where a user's encrypted secrets are: ~/.config/footbridge/keyring on Linux.
func UserDir() string {
	base, err := os.UserConfigDir()
	if err != nil {
		home, err := os.UserHomeDir()
		if err != nil {
			home = string(filepath.Separator)
		}
		base = filepath.Join(home, ".config")
	}
	return filepath.Join(base, "footbridge", "keyring")
}

// Open opens the keyring that is preferred and says which it is and why. The caller may go on with memory only after an error.
func Open(ctx context.Context, options Options) (Keyring, Choice, error) {
	options = options.withDefaults()
	switch options.Preference {
	case PreferMemory:
		return NewMemory(), Choice{Kind: Memory, Reason: "it is set so"}, nil
	case PreferFile:
		return openFile(options, "it is set so")
	case Auto, PreferSecretService, PreferKeychain, PreferDPAPI:
		return openSystem(ctx, options)
	default:
		return nil, Choice{}, fmt.Errorf("open keyring: %q is none of auto, secret-service, keychain, dpapi, file and memory", options.Preference)
	}
}

// openSystem opens the system's keyring, or what stands in for it where there is none and none was asked for by name.
func openSystem(ctx context.Context, options Options) (Keyring, Choice, error) {
	ring, err := system(ctx, options)
	if err == nil && options.Preference != Auto && Preference(ring.Kind()) != options.Preference {
		err = fmt.Errorf("%w: this system has %s", ErrUnavailable, ring.Kind())
	}
	if err == nil {
		options.Logger.Debug("keyring opened", "kind", ring.Kind())
		return ring, Choice{Kind: ring.Kind(), Reason: "it is the system's"}, nil
	}
	if options.Preference != Auto {
		return nil, Choice{}, fmt.Errorf("open keyring %s: %w", options.Preference, err)
	}
	options.Logger.Info("no keyring service, secrets go to an encrypted file", "error", err)
	return openFile(options, err.Error())
}

func openFile(options Options, reason string) (Keyring, Choice, error) {
	ring, err := newSealed(File, options, &fileKey{dir: options.Dir, logger: options.Logger})
	if err != nil {
		return nil, Choice{}, fmt.Errorf("open keyring: %w", err)
	}
	return ring, Choice{Kind: File, Reason: reason, Warning: fileWarning, Warned: wasWarned(options.Dir)}, nil
}

// checkKey refuses keys that no keyring takes.
func checkKey(key string) error {
	if key == "" || len(key) > maxKey {
		return fmt.Errorf("key of %d bytes: it has 1 to %d", len(key), maxKey)
	}
	return nil
}

func checkSecret(secret []byte) error {
	if len(secret) > MaxSecret {
		return fmt.Errorf("secret of %d bytes: at most %d are kept", len(secret), MaxSecret)
	}
	return nil
}
