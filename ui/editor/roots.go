package editor

import (
	"bytes"
	"crypto/x509"
	"slices"

	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// Root is what the gateway's certificate may come from.
type Root struct {
	Thumbprint  string            // SHA-1, lower-case hex
	Certificate *x509.Certificate // nil: the profile names it by its thumbprint, and it is not on this computer
}

// rootsKey stands for the roots beside the settings' keys.
const rootsKey = "roots"

// MostRoots bounds a file with roots, in bytes.
const MostRoots = 1 << 20

// rootChanges are the roots that the user wants besides, and those they no longer want.
type rootChanges struct {
	added   []*x509.Certificate
	removed []string // thumbprints
}

func (c rootChanges) none() bool { return len(c.added)+len(c.removed) == 0 }

// apply changes who may answer for a gateway. A profile that names its roots by their thumbprints goes on doing so.
func (c rootChanges) apply(gateway profiles.GatewayIdentity) profiles.GatewayIdentity {
	if c.none() {
		return gateway
	}
	pins, before := len(pinnedRoots(gateway)) > 0, gateway.Roots
	unwanted := func(thumbprint string) bool { return slices.Contains(c.removed, thumbprint) }
	gateway.Roots = slices.DeleteFunc(slices.Clone(gateway.Roots), func(root *x509.Certificate) bool { return unwanted(certificate.Thumbprint(root)) })
	gateway.RootThumbprints = slices.DeleteFunc(slices.Clone(gateway.RootThumbprints), func(pin string) bool { return unwanted(thumbprint(pin)) })
	if !pins && slices.ContainsFunc(before, selfIssued) && !slices.ContainsFunc(gateway.Roots, selfIssued) {
		gateway.Roots = nil // what only led to a root that is gone would count as one
	}
	gateway.Roots = certificate.Add(gateway.Roots, c.added...)
	for _, root := range c.added {
		if pin := certificate.Thumbprint(root); pins && !slices.ContainsFunc(gateway.RootThumbprints, func(p string) bool { return thumbprint(p) == pin }) {
			gateway.RootThumbprints = append(gateway.RootThumbprints, pin)
		}
	}
	return gateway
}

// thumbprint is how a profile writes one, in the one way in which they are compared.
func thumbprint(written string) string {
	normal, ok := certificate.ParseThumbprint(written)
	if !ok {
		return written
	}
	return normal
}

// pinnedRoots are the thumbprints of the only roots that count; empty: the certificates count.
func pinnedRoots(gateway profiles.GatewayIdentity) []string {
	if gateway.UsePinnedRoot != nil && !*gateway.UsePinnedRoot {
		return nil
	}
	return gateway.RootThumbprints
}

// SystemRoots reports whether the gateway's certificate may come from any root that this computer trusts.
func (d *Draft) SystemRoots() bool {
	gateway, ok := d.identity()
	if !ok || d.pins() {
		return false
	}
	unpinned := gateway.UsePinnedRoot != nil && !*gateway.UsePinnedRoot
	return len(gateway.Roots) == 0 && len(gateway.PeerFingerprints) == 0 || gateway.TrustSystemRoots || unpinned
}

// HasRoots reports whether roots have a say: not where the profile knows the gateway's certificate itself.
func (d *Draft) HasRoots() bool {
	_, ok := d.identity()
	return ok && (d.SystemRoots() || len(d.Roots()) > 0 || !d.roots.none())
}

func selfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// identity is who may answer for the gateway, with what the user changed; false: the profile is not theirs.
func (d *Draft) identity() (profiles.GatewayIdentity, bool) {
	if d.before.Entry == nil {
		return profiles.GatewayIdentity{}, false
	}
	return d.roots.apply(d.before.Entry.Profile.Gateway), true
}

// Roots are what the gateway's certificate may come from. Certificates that only lead there are left out.
func (d *Draft) Roots() []Root {
	gateway, ok := d.identity()
	var roots []Root
	if !ok {
		return roots
	}
	if d.pins() {
		for _, pin := range gateway.RootThumbprints {
			root := Root{Thumbprint: thumbprint(pin)}
			for _, candidate := range slices.Concat(gateway.Roots, d.known) {
				if root.Certificate == nil && certificate.Thumbprint(candidate) == root.Thumbprint {
					root.Certificate = candidate
				}
			}
			roots = append(roots, root)
		}
		return roots
	}
	for _, root := range endsOfChains(gateway.Roots) {
		roots = append(roots, Root{certificate.Thumbprint(root), root})
	}
	return roots
}

// pins reports whether the profile names its roots by their thumbprints. It goes on doing so, whatever is changed.
func (d *Draft) pins() bool {
	return d.before.Entry != nil && len(pinnedRoots(d.before.Entry.Profile.Gateway)) > 0
}

// endsOfChains are the certificates that end a chain: the self-issued ones, or all where there is none, as when the gateway is verified.
func endsOfChains(certificates []*x509.Certificate) []*x509.Certificate {
	own := slices.DeleteFunc(slices.Clone(certificates), func(c *x509.Certificate) bool { return !selfIssued(c) })
	if len(own) == 0 {
		return certificates
	}
	return own
}

// Know has the certificates of a computer's roots, so that those that the profile names by their thumbprints have a name.
func (d *Draft) Know(roots []*x509.Certificate) { d.known = roots }

// AddRoots has the gateway's certificate come from the roots in a file too. The text, where it is not empty, says why none was added.
func (d *Draft) AddRoots(file []byte) (wrong string) {
	found, err := certificate.Parse(file)
	if err != nil || len(file) > MostRoots {
		return d.texts.Text("ui.editor.root-no-certificate", nil)
	}
	roots := slices.DeleteFunc(slices.Clone(found), func(c *x509.Certificate) bool { return !selfIssued(c) })
	if len(roots) == 0 {
		return d.texts.Text("ui.editor.root-not-root", language.Values{"Name": nameOf(found[0]), "Issuer": issuerOf(found[0])})
	}
	for _, root := range roots {
		if reason := d.addRoot(root); reason != "" {
			wrong = reason
		}
	}
	d.checkRoots()
	return wrong
}

func (d *Draft) addRoot(root *x509.Certificate) (wrong string) {
	print := certificate.Thumbprint(root)
	switch {
	case slices.ContainsFunc(d.Roots(), func(known Root) bool { return known.Thumbprint == print }):
		return d.texts.Text("ui.editor.root-known", language.Values{"Name": nameOf(root)})
	case d.now().After(root.NotAfter):
		return d.texts.Text("ui.editor.root-old", language.Values{"Name": nameOf(root), "Date": d.texts.Date(root.NotAfter)})
	}
	if i := slices.Index(d.roots.removed, print); i >= 0 {
		d.roots.removed = slices.Delete(d.roots.removed, i, i+1)
		return ""
	}
	d.roots.added = append(d.roots.added, root)
	return ""
}

// RemoveRoot no longer has the gateway's certificate come from a root.
func (d *Draft) RemoveRoot(print string) {
	before := len(d.roots.added)
	d.roots.added = slices.DeleteFunc(d.roots.added, func(c *x509.Certificate) bool { return certificate.Thumbprint(c) == print })
	if len(d.roots.added) == before {
		d.roots.removed = append(d.roots.removed, print)
	}
	d.checkRoots()
}

// checkRoots does not let the last root go: the roots of this computer would hold instead, all of them.
func (d *Draft) checkRoots() {
	delete(d.wrong, rootsKey)
	if len(d.Roots()) == 0 && !d.roots.none() {
		d.wrong[rootsKey] = d.texts.Text("ui.editor.root-none-left", nil)
	}
	d.checkProfile()
}

// Describe is a root in words: what it is called, and until when it holds.
func (d *Draft) Describe(root Root) string {
	if root.Certificate == nil {
		return d.texts.Text("ui.editor.root-unknown", language.Values{"Thumbprint": root.Thumbprint})
	}
	key := "ui.editor.root"
	if d.now().After(root.Certificate.NotAfter) {
		key = "ui.editor.root-expired"
	}
	return d.texts.Text(key, language.Values{"Name": nameOf(root.Certificate), "Date": d.texts.Date(root.Certificate.NotAfter)})
}

// nameOf is the common name of a certificate's subject, or the whole subject where there is none.
func nameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func issuerOf(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}
