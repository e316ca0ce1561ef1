// Package netns makes network namespaces, joins them with cables, and runs code and programs inside, for the lab and for tests that need
// a network of their own. It is for Linux and needs root, or a user namespace (see EnterUser).
package netns
