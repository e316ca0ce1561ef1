// Package rtnetlink reads and changes the kernel's routing tables many routes at a time, and listens to their changes.
//
// A package that sends one request and waits for its answer before the next is the usual choice for a handful of routes; a
// gateway pushes thousands.
package rtnetlink

import "net/netip"

// Protocol marks our routes: the rtm_protocol of every route that a tunnel adds (rtnetlink(7)). Values above 4 are free for
// routing daemons; this one is in no entry of /etc/iproute2/rt_protos.
const Protocol = 0x46

// TableMain is the routing table that everybody uses.
const TableMain = 254

// Type says what a route does with a packet.
type Type uint8

// The types that matter here; their values are the kernel's RTN_*.
const (
	Unicast     Type = 1
	Unreachable Type = 7
)

// Scope says how far a route's destinations are.
type Scope uint8

// The values are the kernel's RT_SCOPE_*.
const (
	ScopeUniverse Scope = 0
	ScopeLink     Scope = 253
)

// Route is one entry of a routing table. It is comparable. Of a multipath route it holds the first next hop.
type Route struct {
	Prefix   netip.Prefix
	Link     int        // index of the outgoing interface; 0 for routes without one
	Gateway  netip.Addr // the zero Addr: the destination is on the link
	Source   netip.Addr // preferred source address; the zero Addr: the kernel chooses
	Metric   uint32
	Table    uint32
	MTU      uint32 // 0: the interface's
	Protocol uint8
	Type     Type
	Scope    Scope
	OnLink   bool // the gateway is on the link although no address of the link says so
}

// Change is one wanted change of a routing table.
type Change struct {
	Route   Route
	Delete  bool // remove it, rather than add it
	Replace bool // add it, or put it in the place of the route with the same prefix and metric
}
