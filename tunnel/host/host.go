// Package host is what a tunnel changes on this computer: its device, addresses, routes and DNS, and undoing it.
package host

import (
	"context"
	"net/netip"
)

// Config is the whole wanted state of one tunnel on this computer. Set makes it so whatever was there before.
type Config struct {
	MTU            int
	Addresses      []netip.Prefix // of the device
	Routes         []netip.Prefix // into the tunnel; 0.0.0.0/0 and ::/0 are forced tunnelling
	ExcludedRoutes []netip.Prefix // stay on the network that has them now, although a route above covers them
	Gateways       []netip.Addr   // outer addresses of the gateway or proxy: their path never enters the tunnel
	DNS            DNS
}

// DNS is the wanted name resolution. The zero value leaves the computer's alone.
type DNS struct {
	Servers     []netip.Addr
	Search      []string // appended to names without a dot, and routed to Servers
	Match       []string // names under these go to Servers
	AllNames    bool     // every name goes to Servers
	BlockOthers bool     // other links' servers must not be asked (block-outside-dns)
}

// Host is this computer as one tunnel changes it.
type Host interface {
	// Set makes the computer look as config says. Called again with the same config it changes nothing. After an error the
	// computer is in the state of the last successful call, or of none.
	Set(ctx context.Context, config Config) error
	// Close undoes everything and removes the device. It goes on after an error and returns all of them.
	Close() error
}
