// Package tunnel takes a profile and a credential to packets flowing, and keeps them flowing: it reconnects, moves to
// the next gateway, asks for a credential, and stops with a reason when retrying is pointless.
package tunnel
