package entra

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MFA is the second factor that sign-in asks for.
type MFA string

// The second factors.
const (
	NoMFA  MFA = ""
	TOTP   MFA = "totp"   // the code that an authenticator app shows; see Provider.OneTimeCode
	Number MFA = "number" // the number that the page shows, typed in again
)

// Where an error is met.
const (
	Anywhere        Place = ""      // on the page of an interactive sign-in, and by the token endpoint
	OnPage          Place = "page"  // on the page only: the browser never returns
	AtTokenEndpoint Place = "token" // by the token endpoint only
)

// Place is where an error is met.
type Place string

// Switches are what can be made different while a provider runs. The zero value is a provider at its best: one-hour tokens of real size, no
// second factor, no consent page, no faults.
type Switches struct {
	MFA               MFA
	Consent           bool // ask whether the application may sign the user in
	AccessDenied      bool // whatever the user does, they have declined: access_denied (AADSTS65004) goes back to the application
	ConditionalAccess bool // tokens only for sign-ins that bring the claims of the challenge: interaction_required (AADSTS50076) else
	RefreshRevoked    bool // every refresh token is refused: invalid_grant (AADSTS50173)
	DeviceCodeBlocked bool // conditional access refuses sign-ins for devices, on the page (AADSTS53003); the device waits until its code expires

	Error      int   // AADSTS number that refuses sign-ins; 0: none
	ErrorPlace Place // where

	ServerError int           // HTTP status, such as 503, that the token, device code and sign-in endpoints answer with; 0: none
	RetryAfter  time.Duration // Retry-After of ServerError; 0: none
	Slow        time.Duration // before every answer

	ClockSkew          time.Duration // how much the provider's clock is ahead
	TokenLifetime      time.Duration // of access tokens; 0: one hour
	RefreshIn          time.Duration // refresh_in of token responses: when a client should refresh early; 0: not sent
	DeviceCodeLifetime time.Duration // 0: 15 minutes
	SmallTokens        bool          // some 1.4 KB, as Debian's OpenVPN can carry; else 2.2 KB and more, as Entra's are
	Groups             bool          // tokens carry the user's groups even if nobody asked for them
}

// Defaults of lifetimes.
const (
	defaultTokenLifetime      = time.Hour
	defaultDeviceCodeLifetime = 15 * time.Minute
)

func (s *Switches) tokenLifetime() time.Duration {
	if s.TokenLifetime <= 0 {
		return defaultTokenLifetime
	}
	return s.TokenLifetime
}

func (s *Switches) deviceCodeLifetime() time.Duration {
	if s.DeviceCodeLifetime <= 0 {
		return defaultDeviceCodeLifetime
	}
	return s.DeviceCodeLifetime
}

// errorAt is the error that refuses at a place, or 0.
func (s *Switches) errorAt(place Place) int {
	if s.ErrorPlace == Anywhere || s.ErrorPlace == place {
		return s.Error
	}
	return 0
}

// switchboard holds the switches.
type switchboard struct {
	mu      sync.Mutex
	current Switches
}

func (b *switchboard) get() Switches {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current
}

// Switches are the switches as they are set.
func (p *Provider) Switches() Switches { return p.switches.get() }

// Set changes switches, at once.
func (p *Provider) Set(change func(*Switches)) {
	p.switches.mu.Lock()
	defer p.switches.mu.Unlock()
	change(&p.switches.current)
}

// Switch is one switch by its name, for a command line.
type Switch struct {
	Name string // such as access-denied
	Help string // what it does
	get  func(*Switches) string
	set  func(*Switches, string) error
}

// SwitchNames lists the switches with their names.
func SwitchNames() []Switch {
	return []Switch{
		choice("mfa", "second factor: off, totp or number", func(s *Switches) *MFA { return &s.MFA }, NoMFA, TOTP, Number),
		onOff("consent", "ask for consent", func(s *Switches) *bool { return &s.Consent }),
		onOff("access-denied", "sign-ins end with access_denied at the application", func(s *Switches) *bool { return &s.AccessDenied }),
		onOff("conditional-access", "tokens only after a claims challenge", func(s *Switches) *bool { return &s.ConditionalAccess }),
		onOff("refresh-revoked", "refuse every refresh token", func(s *Switches) *bool { return &s.RefreshRevoked }),
		onOff("device-code-blocked", "refuse the device code flow", func(s *Switches) *bool { return &s.DeviceCodeBlocked }),
		number("error", "AADSTS number that refuses sign-ins, or off", func(s *Switches) *int { return &s.Error }),
		choice("error-place", "where: off (anywhere), page or token", func(s *Switches) *Place { return &s.ErrorPlace }, Anywhere, OnPage, AtTokenEndpoint),
		number("server-error", "HTTP status of all answers, such as 503, or off", func(s *Switches) *int { return &s.ServerError }),
		duration("retry-after", "Retry-After of server-error, such as 5s", func(s *Switches) *time.Duration { return &s.RetryAfter }),
		duration("slow", "wait before each answer, such as 10s", func(s *Switches) *time.Duration { return &s.Slow }),
		duration("clock-skew", "how much the clock is ahead, such as 10m or -10m", func(s *Switches) *time.Duration { return &s.ClockSkew }),
		duration("token-lifetime", "life of access tokens, such as 60s; off: 1h", func(s *Switches) *time.Duration { return &s.TokenLifetime }),
		duration("refresh-in", "when to refresh early, such as 30s", func(s *Switches) *time.Duration { return &s.RefreshIn }),
		duration("device-code-lifetime", "life of device codes; off: 15m", func(s *Switches) *time.Duration { return &s.DeviceCodeLifetime }),
		onOff("small-tokens", "tokens that Debian's OpenVPN can carry", func(s *Switches) *bool { return &s.SmallTokens }),
		onOff("groups", "tokens carry the user's groups", func(s *Switches) *bool { return &s.Groups }),
	}
}

const off = "off"

func onOff(name, help string, field func(*Switches) *bool) Switch {
	return Switch{Name: name, Help: help,
		get: func(s *Switches) string {
			if *field(s) {
				return "on"
			}
			return off
		},
		set: func(s *Switches, value string) error {
			if value != "on" && value != off {
				return fmt.Errorf("%q is neither on nor off", value)
			}
			*field(s) = value == "on"
			return nil
		},
	}
}

func number(name, help string, field func(*Switches) *int) Switch {
	return Switch{Name: name, Help: help,
		get: func(s *Switches) string {
			if *field(s) == 0 {
				return off
			}
			return strconv.Itoa(*field(s))
		},
		set: func(s *Switches, value string) error {
			if value == off {
				value = "0"
			}
			n, err := strconv.Atoi(strings.TrimPrefix(value, "AADSTS"))
			if err != nil || n < 0 || n > 99_999_999 {
				return fmt.Errorf("%q is no number", value)
			}
			*field(s) = n
			return nil
		},
	}
}

func duration(name, help string, field func(*Switches) *time.Duration) Switch {
	return Switch{Name: name, Help: help,
		get: func(s *Switches) string {
			if *field(s) == 0 {
				return off
			}
			return field(s).String()
		},
		set: func(s *Switches, value string) error {
			if value == off {
				value = "0"
			}
			d, err := time.ParseDuration(value)
			if err != nil {
				return fmt.Errorf("%q is no duration such as 90s or 10m", value)
			}
			*field(s) = d
			return nil
		},
	}
}

func choice[T ~string](name, help string, field func(*Switches) *T, values ...T) Switch {
	return Switch{Name: name, Help: help,
		get: func(s *Switches) string {
			if *field(s) == "" {
				return off
			}
			return string(*field(s))
		},
		set: func(s *Switches, value string) error {
			if value == off {
				value = ""
			}
			if !slices.Contains(values, T(value)) {
				return fmt.Errorf("%q is none of off, %v", value, values[1:])
			}
			*field(s) = T(value)
			return nil
		},
	}
}

// Set sets a switch by its name. "off" is the zero value of each.
func (s *Switches) Set(name, value string) error {
	for _, known := range SwitchNames() {
		if known.Name == name {
			if err := known.set(s, value); err != nil {
				return fmt.Errorf("set %s: %w", name, err)
			}
			return s.check()
		}
	}
	return fmt.Errorf("set %s: there is no such switch", name)
}

// Values are all switches by name.
func (s Switches) Values() map[string]string {
	values := map[string]string{}
	for _, known := range SwitchNames() {
		values[known.Name] = known.get(&s)
	}
	return values
}

func (s *Switches) check() error {
	if s.ServerError != 0 && (s.ServerError < 500 || s.ServerError > 599) {
		return fmt.Errorf("set server-error: %d is no status of a server's error", s.ServerError)
	}
	return nil
}
