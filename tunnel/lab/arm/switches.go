package arm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Switch is one thing that can be made to go wrong, by its name, for a command line.
type Switch struct {
	Name string // such as "throttle"
	Help string // what it does
	get  func(*faults) string
	set  func(*faults, string) error
}

// off is the value of every switch to begin with.
const off = "off"

// Switches lists the switches.
func Switches() []Switch {
	return []Switch{
		count("throttle", "how many of the next requests are refused with 429", func(f *faults) *int { return &f.throttled }),
		lasting("retry-after", "how long those ask to be left alone, such as 2s", func(f *faults) *time.Duration { return &f.retryAfter }),
		count("unavailable", "how many of the next requests are refused with 503", func(f *faults) *int { return &f.unavailable }),
		count("failed-downloads", "how many of the next downloads are refused with 503", func(f *faults) *int { return &f.downloads }),
		count("polls", "how often one has to ask until an operation is done", func(f *faults) *int { return &f.polls }),
		onOff("expired", "tokens are taken for expired ones", func(f *faults) *bool { return &f.expired }),
		onOff("broken-packages", "packages are cut off in the middle", func(f *faults) *bool { return &f.brokenPackage }),
		{"forbid", "actions that the role lacks, with commas: Microsoft.Network/virtualNetworkGateways/read",
			func(f *faults) string { return orOff(strings.Join(f.forbidden, ",")) },
			func(f *faults, value string) error {
				f.forbidden = nil
				if value != off {
					f.forbidden = strings.Split(value, ",")
				}
				return nil
			}},
		{"fail-operations", "the code that operations end with, such as GatewayNotProvisioned",
			func(f *faults) string { return orOff(f.failing) },
			func(f *faults, value string) error {
				f.failing, f.failure = "", ""
				if value != off {
					f.failing, f.failure = value, "The operation failed, as it was told to."
				}
				return nil
			}},
	}
}

func orOff(text string) string {
	if text == "" {
		return off
	}
	return text
}

// most bounds counts.
const most = 1_000_000

func count(name, help string, field func(*faults) *int) Switch {
	return Switch{name, help,
		func(f *faults) string {
			if *field(f) == 0 {
				return off
			}
			return strconv.Itoa(*field(f))
		},
		func(f *faults, value string) error {
			if value == off {
				value = "0"
			}
			n, err := strconv.Atoi(value)
			if err != nil || n < 0 || n > most {
				return fmt.Errorf("%q is no number from 0 to %d", value, most)
			}
			*field(f) = n
			return nil
		}}
}

func lasting(name, help string, field func(*faults) *time.Duration) Switch {
	return Switch{name, help,
		func(f *faults) string {
			if *field(f) == 0 {
				return off
			}
			return field(f).String()
		},
		func(f *faults, value string) error {
			if value == off {
				value = "0"
			}
			d, err := time.ParseDuration(value)
			if err != nil || d < 0 {
				return fmt.Errorf("%q is no time such as 2s", value)
			}
			*field(f) = d
			return nil
		}}
}

func onOff(name, help string, field func(*faults) *bool) Switch {
	return Switch{name, help,
		func(f *faults) string {
			if *field(f) {
				return "on"
			}
			return off
		},
		func(f *faults, value string) error {
			if value != "on" && value != off {
				return fmt.Errorf("%q is neither on nor off", value)
			}
			*field(f) = value == "on"
			return nil
		}}
}

// Set sets switches by name, all or none. It returns all of them.
func (s *Server) Set(changes map[string]string) (map[string]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.faults
	for name, value := range changes {
		if err := changed.set(name, value); err != nil {
			return nil, fmt.Errorf("set %s: %w", name, err)
		}
	}
	s.faults = changed
	return changed.values(), nil
}

func (f *faults) set(name, value string) error {
	for _, one := range Switches() {
		if one.Name == name {
			return one.set(f, value)
		}
	}
	return fmt.Errorf("there is no such switch")
}

func (f *faults) values() map[string]string {
	all := map[string]string{}
	for _, one := range Switches() {
		all[one.Name] = one.get(f)
	}
	return all
}
