package store

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/finding"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
)

// recordVersion is the version of the record's form.
const recordVersion = 1

// record is what is kept of a profile besides its file.
type record struct {
	Version       int               `json:"version"`
	Name          string            `json:"name"`
	File          string            `json:"file"`             // in the same folder
	Inside        string            `json:"inside,omitempty"` // the profile's name in the file, where that holds several
	Imported      time.Time         `json:"imported"`
	Gateway       *gatewayIdentity  `json:"gateway,omitempty"` // what the file's format has no words for
	Settings      settings.Settings `json:"settings"`
	ProxyPassword string            `json:"proxy_password,omitempty"`
}

// gatewayIdentity is profiles.GatewayIdentity: the roots that came beside an Azure profile in its ZIP, above all.
type gatewayIdentity struct {
	RootThumbprints  []string `json:"root_thumbprints,omitempty"`
	Roots            [][]byte `json:"roots,omitempty"` // DER
	TrustSystemRoots bool     `json:"trust_system_roots,omitempty"`
	NameType         string   `json:"name_type,omitempty"`
	NameValue        string   `json:"name_value,omitempty"`
	DeriveName       bool     `json:"derive_name,omitempty"`
	RequireServerEKU bool     `json:"require_server_eku,omitempty"`
	UsePinnedRoot    *bool    `json:"use_pinned_root,omitempty"`
	PeerFingerprints []string `json:"peer_fingerprints,omitempty"`
	RevocationList   []byte   `json:"revocation_list,omitempty"`
}

func toRecord(g profiles.GatewayIdentity) *gatewayIdentity {
	kept := &gatewayIdentity{RootThumbprints: g.RootThumbprints, TrustSystemRoots: g.TrustSystemRoots, NameType: string(g.Name.Type),
		NameValue: g.Name.Value, DeriveName: g.DeriveName, RequireServerEKU: g.RequireServerEKU, UsePinnedRoot: g.UsePinnedRoot,
		PeerFingerprints: g.PeerFingerprints, RevocationList: g.RevocationList}
	for _, root := range g.Roots {
		kept.Roots = append(kept.Roots, root.Raw)
	}
	return kept
}

func (g *gatewayIdentity) identity() (profiles.GatewayIdentity, error) {
	identity := profiles.GatewayIdentity{RootThumbprints: g.RootThumbprints, TrustSystemRoots: g.TrustSystemRoots,
		Name: profiles.NameRule{Type: profiles.NameRuleType(g.NameType), Value: g.NameValue}, DeriveName: g.DeriveName,
		RequireServerEKU: g.RequireServerEKU, UsePinnedRoot: g.UsePinnedRoot, PeerFingerprints: g.PeerFingerprints, RevocationList: g.RevocationList}
	for _, der := range g.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return profiles.GatewayIdentity{}, fmt.Errorf("read the gateway's root certificate: %w", err)
		}
		identity.Roots = append(identity.Roots, root)
	}
	return identity, nil
}

// parseRecord reads a record. Fields that are not known were written by a newer version: the record is left alone.
func parseRecord(data []byte) (*record, error) {
	r := new(record)
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(r); err != nil {
		return nil, fmt.Errorf("read record of profile: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read record of profile: more follows the JSON value")
	}
	switch {
	case r.Version != recordVersion:
		return nil, fmt.Errorf("read record of profile: it has version %d, this program knows %d", r.Version, recordVersion)
	case strings.TrimSpace(r.Name) == "":
		return nil, errors.New("read record of profile: it has no name")
	case r.File == "" || r.File != path.Base(r.File) || strings.ContainsAny(r.File, `/\`) || strings.HasPrefix(r.File, "."):
		return nil, errors.New("read record of profile: its file is not one beside it")
	}
	if r.Settings.Proxy != nil {
		r.Settings.Proxy.Password = secret.Text(r.ProxyPassword)
	}
	return r, nil
}

func (r record) encode() ([]byte, error) {
	if r.Settings.Proxy != nil {
		r.ProxyPassword = r.Settings.Proxy.Password.Reveal()
		without := *r.Settings.Proxy // what stands in the settings themselves is redacted, and would be read back as that
		without.Password = ""
		r.Settings.Proxy = &without
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write record of profile: %w", err)
	}
	return append(data, '\n'), nil
}

// written is a profile in the form in which it is kept.
type written struct {
	content []byte
	suffix  string           // of its file
	gateway *gatewayIdentity // nil: all of it is in the content
}

// The ends of the names of profiles' files.
const (
	azureSuffix = ".azurevpnconfig.xml"
	ovpnSuffix  = ".ovpn"
)

// write finds the form in which nothing of a profile is lost: Azure's own before OpenVPN's.
func write(p *profiles.Profile) (written, error) {
	var failures []error
	for _, form := range []struct {
		format profiles.Format
		suffix string
	}{{profiles.FormatAzureXML, azureSuffix}, {profiles.FormatOVPN, ovpnSuffix}} {
		content, err := profiles.Export(p, form.format)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		back, err := only(content, "")
		if err != nil {
			failures = append(failures, err)
			continue
		}
		result := written{content: content, suffix: form.suffix}
		if equal(p, back) {
			return result, nil
		}
		back.Gateway = p.Gateway
		if equal(p, back) {
			result.gateway = toRecord(p.Gateway)
			return result, nil
		}
		failures = append(failures, fmt.Errorf("keep profile as %s: it would lose something", form.format))
	}
	return written{}, fmt.Errorf("keep profile %q: %w", p.Name, errors.Join(failures...))
}

// equal reports whether two profiles say the same, whatever they came from. Their names are the record's matter.
func equal(a, b *profiles.Profile) bool {
	plain := func(p *profiles.Profile) (profiles.Profile, *gatewayIdentity) {
		gateway := toRecord(p.Gateway)
		c := *p
		c.Name, c.Format, c.Source, c.Gateway = "", "", nil, profiles.GatewayIdentity{}
		return c, gateway
	}
	x, xGateway := plain(a)
	y, yGateway := plain(b)
	return deepEqual(x, y) && deepEqual(xGateway, yGateway)
}

// deepEqual takes empty and missing for the same, as the formats do.
func deepEqual[T any](a, b T) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y) && reflect.DeepEqual(secrets(reflect.ValueOf(a)), secrets(reflect.ValueOf(b)))
}

// secrets collects what JSON does not show.
func secrets(v reflect.Value) []string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return secrets(v.Elem())
		}
	case reflect.Struct:
		var found []string
		for i := range v.NumField() {
			found = append(found, secrets(v.Field(i))...)
		}
		return found
	case reflect.Slice:
		var found []string
		for i := range v.Len() {
			found = append(found, secrets(v.Index(i))...)
		}
		return found
	case reflect.String:
		if v.Type() == reflect.TypeFor[secret.Text]() {
			return []string{v.String()}
		}
	}
	return nil
}

// only imports the one profile of a file, or the one with the name.
func only(content []byte, inside string) (*profiles.Profile, error) {
	imported, err := profiles.Import(bytes.NewReader(content), profiles.ImportOptions{})
	if err != nil {
		return nil, err
	}
	for _, p := range imported.Profiles {
		if p.Name == inside || (inside == "" && len(imported.Profiles) == 1) {
			return p, nil
		}
	}
	faults := slices.DeleteFunc(imported.Findings, func(f finding.Finding) bool { return f.Severity != finding.Fault })
	if len(faults) > 0 {
		return nil, faults[0]
	}
	return nil, errors.New("read profile: the file holds others than the one it should")
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
