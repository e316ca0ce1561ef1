// Package openvpnd runs OpenVPN as installed on this computer, as gateway and as client, inside the lab's network namespaces: the real peer that tests
// and benchmarks measure against. It is for Linux.
package openvpnd
