// Package netnstest gives tests network namespaces that end with them.
package netnstest
