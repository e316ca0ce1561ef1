// Package relay stands between a client and a gateway and makes the network bad: loss, delay, reordering and resets, the same each time.
package relay
