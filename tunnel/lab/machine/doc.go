// Package machine boots a whole Debian in a container, with its init system, its users and its name service, for tests of what is
// installed on a computer rather than run by hand. It is for Linux and needs root; elsewhere the package is empty.
package machine
