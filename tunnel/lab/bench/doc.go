// Package bench compares this client with Debian's OpenVPN client, in turn, in the same lab and against the same gateways.
package bench
