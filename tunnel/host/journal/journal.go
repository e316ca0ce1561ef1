// Package journal remembers what a tunnel changes on this computer, so that a later process can undo it if this one dies.
//
// A journal is one small file, always replaced as a whole: the new one is written beside it, synced and renamed before the
// change that it announces is made. While its process lives it is locked; the lock goes with the process, however it ends.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
)

// Version is that of the format.
const Version = 1

// Limits of what is read from a file.
const (
	maxSize   = 4 << 20
	maxRoutes = 65536
)

// ErrDamaged says that a journal cannot be understood.
var ErrDamaged = errors.New("journal is damaged")

// Record is what a tunnel may have changed and nothing undoes by itself.
type Record struct {
	Version int     `json:"version"`
	Boot    string  `json:"boot"` // id of the kernel's run; routes and devices of another are gone
	Device  string  `json:"device"`
	Link    int     `json:"link"` // index of the device
	Routes  []Route `json:"routes,omitempty"`
	DNS     *DNS    `json:"dns,omitempty"`
}

// Route is a route that does not go with the tunnel's device.
type Route struct {
	Prefix      netip.Prefix `json:"prefix"`
	Metric      uint32       `json:"metric"`
	Link        int          `json:"link,omitempty"`
	Gateway     netip.Addr   `json:"gateway,omitzero"`
	Unreachable bool         `json:"unreachable,omitempty"`
}

// DNS is name resolution that was changed.
type DNS struct {
	Mode string `json:"mode"` // a dns.Mode
}

// parse reads a record strictly.
func parse(data []byte) (Record, error) {
	var record Record
	if len(data) > maxSize {
		return Record{}, fmt.Errorf("%w: larger than %d bytes", ErrDamaged, maxSize)
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if record.Version != Version {
		return Record{}, fmt.Errorf("%w: unknown version %d", ErrDamaged, record.Version)
	}
	if len(record.Routes) > maxRoutes {
		return Record{}, fmt.Errorf("%w: more than %d routes", ErrDamaged, maxRoutes)
	}
	for _, route := range record.Routes {
		if !route.Prefix.IsValid() || route.Link < 0 {
			return Record{}, fmt.Errorf("%w: a route without a prefix or an interface", ErrDamaged)
		}
	}
	return record, nil
}
