// Package browser drives Debian's Chromium, without a screen, through pages as a person would: for tests of sign-in, on this computer or in a network
// namespace. It is for Linux.
package browser
