package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/footbridge-vpn/footbridge/client/azure"
	"github.com/footbridge-vpn/footbridge/client/language"
	"github.com/footbridge-vpn/footbridge/profiles/certificate"
)

// changeFlags are what can be changed about a gateway's settings for clients.
type changeFlags struct {
	enable         bool
	pools          []string
	protocols      []string
	authentication []string
	tenant         string
	audience       string
	issuer         string
	radius         []string
	radiusSecret   string
	addRoots       []string
	removeRoots    []string
	revoke         []string
	unrevoke       []string
	routes         []string
	servers        []string
	dryRun         bool
	yes            bool
}

// none takes a list away.
const none = "none"

func (c *changeFlags) declare(command *cobra.Command) {
	f := command.Flags()
	f.StringSliceVar(&c.pools, "address-pool", nil, "")
	f.StringSliceVar(&c.protocols, "protocol", nil, "")
	f.StringSliceVar(&c.authentication, "auth", nil, "")
	f.StringVar(&c.tenant, "entra-tenant", "", "")
	f.StringVar(&c.audience, "entra-audience", "", "")
	f.StringVar(&c.issuer, "entra-issuer", "", "")
	f.StringSliceVar(&c.radius, "radius-server", nil, "")
	f.StringVar(&c.radiusSecret, "radius-secret-file", "", "")
	f.StringArrayVar(&c.addRoots, "add-root", nil, "")
	f.StringArrayVar(&c.removeRoots, "remove-root", nil, "")
	f.StringArrayVar(&c.revoke, "revoke", nil, "")
	f.StringArrayVar(&c.unrevoke, "unrevoke", nil, "")
	f.StringSliceVar(&c.routes, "custom-route", nil, "")
	f.StringSliceVar(&c.servers, "dns-server", nil, "")
	f.BoolVar(&c.dryRun, "dry-run", false, "")
	f.BoolVarP(&c.yes, "yes", "y", false, "")
	command.MarkFlagFilename("add-root", certificateSuffixes()...)
	command.MarkFlagFilename("radius-secret-file")
	command.RegisterFlagCompletionFunc("protocol", cobra.FixedCompletions(protocolNames(), cobra.ShellCompDirectiveNoFileComp))
	command.RegisterFlagCompletionFunc("auth", cobra.FixedCompletions(authenticationNames(), cobra.ShellCompDirectiveNoFileComp))
}

func protocolNames() []string {
	return []string{string(azure.OpenVPN), string(azure.IKEv2), string(azure.SSTP)}
}

// change reads the flags.
func (c changeFlags) change(command *cobra.Command, cloud azure.Cloud) (azure.Change, error) {
	change := azure.Change{Enable: c.enable, RemoveRoots: c.removeRoots}
	var err error
	if change.AddressPools, err = prefixes("address-pool", c.pools); err != nil {
		return change, err
	}
	for _, name := range c.protocols {
		if err := oneOf("protocol", strings.ToLower(name), protocolNames()...); err != nil {
			return change, err
		}
		change.Protocols = append(change.Protocols, azure.Protocol(strings.ToLower(name)))
	}
	for _, name := range c.authentication {
		if err := oneOf("auth", strings.ToLower(name), authenticationNames()...); err != nil {
			return change, err
		}
		change.Authentication = append(change.Authentication, azure.Authentication(strings.ToLower(name)))
	}
	if change.Entra, err = c.entra(cloud); err != nil {
		return change, err
	}
	if err := c.network(command, &change); err != nil {
		return change, err
	}
	if err := c.radiusServers(&change); err != nil {
		return change, err
	}
	if err := c.certificates(&change); err != nil {
		return change, err
	}
	if isNothing(command) && !c.enable {
		return change, &usageError{"azure-nothing-to-change", nil}
	}
	return change, nil
}

// isNothing reports whether no flag says what to change.
func isNothing(command *cobra.Command) bool {
	for _, name := range []string{"address-pool", "protocol", "auth", "entra-tenant", "radius-server", "add-root", "remove-root", "revoke", "unrevoke", "custom-route", "dns-server"} {
		if command.Flags().Changed(name) {
			return false
		}
	}
	return true
}

// entra derives what the portal wants to be typed from the tenant's id.
func (c changeFlags) entra(cloud azure.Cloud) (*azure.Entra, error) {
	if c.tenant == "" {
		if c.audience != "" || c.issuer != "" {
			return nil, &usageError{"flag-required", language.Values{"Flag": dashed("entra-tenant")}}
		}
		return nil, nil
	}
	if strings.ContainsFunc(c.tenant, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '.' }) {
		return nil, &usageError{"flag-value", language.Values{"Flag": dashed("entra-tenant"), "Value": strconv.Quote(c.tenant)}}
	}
	wanted := azure.EntraOf(cloud, c.tenant)
	if c.audience != "" {
		wanted.Audience = c.audience
	}
	if c.issuer != "" {
		wanted.Issuer = c.issuer
	}
	return &wanted, nil
}

func (c changeFlags) network(command *cobra.Command, change *azure.Change) error {
	if command.Flags().Changed("custom-route") {
		routes, err := prefixes("custom-route", withoutNone(c.routes))
		if err != nil {
			return err
		}
		change.CustomRoutes = &routes
	}
	if command.Flags().Changed("dns-server") {
		servers := []netip.Addr{}
		for _, text := range withoutNone(c.servers) {
			address, err := netip.ParseAddr(strings.TrimSpace(text))
			if err != nil {
				return &usageError{"flag-value", language.Values{"Flag": dashed("dns-server"), "Value": strconv.Quote(text)}}
			}
			servers = append(servers, address)
		}
		change.DNSServers = &servers
	}
	return nil
}

func withoutNone(list []string) []string {
	if len(list) == 1 && list[0] == none {
		return nil
	}
	return list
}

func prefixes(flag string, list []string) ([]netip.Prefix, error) {
	all := []netip.Prefix{}
	for _, text := range list {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil || prefix != prefix.Masked() {
			return nil, &usageError{"flag-value", language.Values{"Flag": dashed(flag), "Value": strconv.Quote(text)}}
		}
		all = append(all, prefix)
	}
	return all, nil
}

// radiusServers reads ADDRESS or ADDRESS=SCORE.
func (c changeFlags) radiusServers(change *azure.Change) error {
	for _, text := range c.radius {
		address, score, scored := strings.Cut(text, "=")
		server := azure.RADIUSServer{Address: strings.TrimSpace(address)}
		parsed, err := netip.ParseAddr(server.Address)
		if scored && err == nil {
			server.Score, err = strconv.ParseInt(score, 10, 64)
		}
		if err != nil || !parsed.IsValid() || scored && (server.Score < 1 || server.Score > 30) {
			return &usageError{"flag-value", language.Values{"Flag": dashed("radius-server"), "Value": strconv.Quote(text)}}
		}
		change.RADIUS = append(change.RADIUS, server)
	}
	if c.radiusSecret == "" {
		return nil
	}
	var err error
	change.RADIUSSecret, err = readSecretFile(c.radiusSecret)
	return err
}

// certificates reads root certificates to add, and those of clients to revoke: a thumbprint, a file, or either with a name before it.
func (c changeFlags) certificates(change *azure.Change) error {
	for _, text := range c.addRoots {
		name, file := named(text)
		found, err := readPublicCertificate(file)
		if err != nil {
			return err
		}
		if !found.IsCA {
			return &azure.Problem{Code: azure.NotARoot, Subject: file}
		}
		if name == "" {
			name = resourceName(found.Subject.CommonName, file)
		}
		change.AddRoots = append(change.AddRoots, azure.Root{Name: name, Data: base64.StdEncoding.EncodeToString(found.Raw)})
	}
	for _, text := range c.revoke {
		revoked, err := revokedCertificate(text)
		if err != nil {
			return err
		}
		change.Revoke = append(change.Revoke, revoked)
	}
	for _, text := range c.unrevoke {
		if _, err := os.Stat(text); err == nil {
			revoked, err := revokedCertificate(text)
			if err != nil {
				return err
			}
			text = revoked.Thumbprint
		}
		change.Unrevoke = append(change.Unrevoke, text)
	}
	return nil
}

// named splits NAME=VALUE; a file with that whole name is a file.
func named(text string) (name, value string) {
	if _, err := os.Stat(text); err == nil {
		return "", text
	}
	if name, value, found := strings.Cut(text, "="); found {
		return name, value
	}
	return "", text
}

func revokedCertificate(text string) (azure.Revoked, error) {
	name, value := named(text)
	if thumbprint, ok := certificate.ParseThumbprint(value); ok {
		return azure.Revoked{Name: name, Thumbprint: thumbprint}, nil
	}
	if _, err := os.Stat(value); err != nil {
		return azure.Revoked{}, &azure.Problem{Code: azure.NotAThumbprint, Subject: value}
	}
	found, err := readPublicCertificate(value)
	if err != nil {
		return azure.Revoked{}, err
	}
	sum := sha1.Sum(found.Raw)
	if name == "" {
		name = resourceName(found.Subject.CommonName, value)
	}
	return azure.Revoked{Name: name, Thumbprint: hex.EncodeToString(sum[:])}, nil
}

// maxCertificate bounds a file with a certificate, in bytes.
const maxCertificate = 1 << 20

// readPublicCertificate reads the first certificate of a file: PEM, DER, or bare base64 as the portal shows it.
func readPublicCertificate(path string) (*x509.Certificate, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxCertificate))
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			data = block.Bytes
			break
		}
	}
	if der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil))); err == nil {
		data = der
	}
	found, err := x509.ParseCertificate(data)
	if err != nil {
		return nil, &commandError{code: "not-a-certificate", exit: exitFailed, values: language.Values{"File": path}, err: err}
	}
	return found, nil
}

// resourceName is a name that Azure takes for a part of a resource: letters, digits, dots, dashes and underscores
// (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
func resourceName(commonName, file string) string {
	if commonName == "" {
		commonName = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '.' || r == '-' || r == '_') {
			return r
		}
		return '-'
	}, commonName), "-._")
	if name == "" {
		name = "certificate"
	}
	return name[:min(len(name), 80)]
}
