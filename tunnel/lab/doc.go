// Package lab makes a small world on this computer: a laptop and a gateway like Azure's with networks behind it, in network namespaces, and the
// profile package for it. The demo, tests and benchmarks stand on it. It is for Linux; elsewhere the package is empty.
package lab
