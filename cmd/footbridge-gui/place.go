//go:build cgo

package main

import "github.com/footbridge-vpn/footbridge/ui"

var _ ui.Placer = places{}

// grip is how much of a window has to be on a screen so that it can be taken hold of, in pixels.
const grip = 80
