// Package gateway is the other end of the tunnel for demos, tests and benchmarks: a small server of the OpenVPN protocol.
//
// It does what a client can notice: TCP and UDP, tls-auth, tls-crypt and tls-crypt-v2, TLS 1.2 and 1.3, certificates and sign-in by a
// callback (also with challenges, pending sign-ins and tokens), pushed options of any number, all data channel
// ciphers, renegotiation by either side, keepalive, roaming of UDP clients, and notices at the end. And it can be told to
// misbehave while it runs, in the ways that gateways and networks are known to: see Faults.
//
// It is not a server to run a network on. It keeps state for a UDP client from its first packet, where a server on the
// Internet must first see that the client's address is real; it has no configuration file, no accounting and no
// privilege separation; and whoever runs it brings the TUN device, its address and the routes behind it.
package gateway
