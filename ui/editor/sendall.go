package editor

import (
	"net/netip"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"

	"github.com/footbridge-vpn/footbridge/ui/keyboard"
)

// Sending all traffic through a connection is a network in one of the settings.
const (
	routesKey   = "include-routes"
	everything  = "0.0.0.0/0"
	listDivider = ","

	listDividers = ", ;\t\r\n" // what settings take between the entries of a list
)

// SendsAll reports whether all traffic goes through the connection.
func (d *Draft) SendsAll() bool {
	return d.ProfileSendsAll() || slices.ContainsFunc(d.routes(), isEverything)
}

// ProfileSendsAll reports whether the profile has all traffic go through the connection, whatever is set.
func (d *Draft) ProfileSendsAll() bool {
	entry := d.before.Entry
	if entry == nil {
		return false
	}
	flags := entry.Profile.OpenVPN.RedirectGateway
	return slices.Contains(entry.Profile.IncludeRoutes, netip.PrefixFrom(netip.IPv4Unspecified(), 0)) || flags != nil && !slices.Contains(flags, "private") && !slices.Contains(flags, "!ipv4")
}

// WithSendAll is the setting of networks, with all traffic sent through the connection or not.
func (d *Draft) WithSendAll(on bool) string {
	routes := slices.DeleteFunc(d.routes(), isEverything)
	if on {
		routes = append([]string{everything}, routes...)
	}
	return strings.Join(routes, listDivider)
}

func (d *Draft) routes() []string {
	return strings.FieldsFunc(d.Value(routesKey), func(r rune) bool { return strings.ContainsRune(listDividers, r) })
}

func isEverything(route string) bool {
	prefix, err := netip.ParsePrefix(route)
	return err == nil && prefix.Bits() == 0 && prefix.Addr().Is4()
}

// newSendAll is the switch, which changes what is typed among the networks.
func (p *Page) newSendAll() fyne.CanvasObject {
	p.sendAll = keyboard.NewCheck(p.text("send-all", nil), func(on bool) {
		if on != p.draft.SendsAll() {
			p.entries[routesKey].SetText(p.draft.WithSendAll(on))
		}
	})
	key := "send-all-about"
	if p.draft.ProfileSendsAll() {
		key = "send-all-profile"
	}
	enable(p.sendAll, !p.draft.ProfileSendsAll() && !p.draft.locked(routesKey))
	return container.New(layout.NewCustomPaddedVBoxLayout(0), p.sendAll, quiet(p.text(key, nil)))
}
