// Package linux holds the files that make Footbridge part of a Linux computer with systemd and a desktop.
package linux

import _ "embed" // for the files

// Unit is the systemd unit of the service (systemd.service(5)).
//
//go:embed systemd/footbridged.service
var Unit string

// Users is the service's own user (sysusers.d(5)).
//
//go:embed systemd/footbridge.sysusers
var Users string

// PolkitRules let the service set name servers through systemd-resolved (polkit(8)).
//
//go:embed polkit/footbridge.rules
var PolkitRules string

// AutoConnectUnit is the unit of users that keeps their connections (systemd.unit(5), user units).
//
//go:embed systemd/footbridge-autoconnect.service
var AutoConnectUnit string

// DesktopEntry shows the desktop app among the others, where it is installed (freedesktop.org, Desktop Entry Specification).
//
//go:embed io.github.footbridge-vpn.footbridge.desktop
var DesktopEntry string

// Icon is the app's (freedesktop.org, Icon Theme Specification).
//
//go:embed io.github.footbridge-vpn.footbridge.svg
var Icon string
