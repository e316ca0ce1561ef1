// Package openvpn is the client's side of an OpenVPN session, driven by bytes and a clock: packets, credentials and the
// time go in; packets and events come out. It opens no socket and changes nothing on this computer.
//
// A Client is one session with one gateway: Start it, give every control packet that arrives to Receive, send what
// Outgoing returns, call Advance when Deadline has passed or Wake has fired, and handle Events after each of these calls.
// Data packets do not pass through it: Data is the data channel they are sealed and opened with. When the transport is lost, TransportClosed
// tells what that means at this point of the session.
//
// All methods but Data and Wake belong to one goroutine.
package openvpn
