package lab

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/azurezip"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/netns"
	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// PKCS12Password opens the lab's PKCS#12 file. It protects nothing.
const PKCS12Password = "lab"

// Files are what a user of the lab needs, on disk.
type Files struct {
	Directory   string `json:"directory"`
	Package     string `json:"package"`     // the ZIP as downloaded from Azure
	Certificate string `json:"certificate"` // PEM, with its intermediate
	Key         string `json:"key"`         // PEM
	PKCS12      string `json:"pkcs12"`      // both, with PKCS12Password
	Root        string `json:"root"`        // of the gateway and the identity provider, PEM; the laptop trusts it already
}

func (l *Lab) makeDirectory(context.Context) error {
	if l.options.Directory == "" {
		owner, err := netns.Self()
		if err != nil {
			return err
		}
		directory, err := os.MkdirTemp("", directoryPrefix+owner.String()+"-")
		if err != nil {
			return err
		}
		l.Files.Directory = directory
		l.later(func() error { return os.RemoveAll(directory) })
		return nil
	}
	directory, err := filepath.Abs(l.options.Directory)
	if err != nil {
		return err
	}
	l.Files.Directory = directory
	return os.MkdirAll(directory, 0o700)
}

// directoryPrefix begins the names of temporary directories; their owner follows, so that they are found when it was killed.
const directoryPrefix = "footbridge-lab-files-"

// removeStaleDirectories removes this user's temporary directories whose owner was killed.
func removeStaleDirectories() error {
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		rest, ours := strings.CutPrefix(entry.Name(), directoryPrefix)
		end := strings.LastIndexByte(rest, '-')
		if !ours || end < 0 || !entry.IsDir() {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			continue // removed this moment
		}
		if stat, known := info.Sys().(*syscall.Stat_t); !known || int(stat.Uid) != os.Geteuid() {
			continue
		}
		if owner, err := netns.ParseOwner(rest[:end]); err == nil && !owner.Alive() {
			errs = append(errs, os.RemoveAll(filepath.Join(os.TempDir(), entry.Name())))
		}
	}
	return errors.Join(errs...)
}

func (l *Lab) makeCertificates(context.Context) (err error) {
	l.Secret = tlswrap.GenerateStaticKey()
	l.Certificates, err = pki.NewSet(azurezip.CommonName(vnetID))
	return err
}

// writeFiles writes the profile package and a client certificate.
func (l *Lab) writeFiles(context.Context) error {
	client, err := l.Certificates.Client("alice@corp.example", pki.RSA)
	if err != nil {
		return err
	}
	if l.Files.Certificate, l.Files.Key, err = client.WriteFiles(l.Files.Directory, "client"); err != nil {
		return err
	}
	bundle, err := client.PKCS12(PKCS12Password)
	if err != nil {
		return err
	}
	l.Files.PKCS12 = filepath.Join(l.Files.Directory, "client.p12")
	if err := os.WriteFile(l.Files.PKCS12, bundle, 0o600); err != nil {
		return fmt.Errorf("write PKCS#12 file: %w", err)
	}
	l.Files.Root = filepath.Join(l.Files.Directory, "root.pem")
	if err := os.WriteFile(l.Files.Root, l.Certificates.GatewayRoot.PEM(), 0o644); err != nil {
		return fmt.Errorf("write root: %w", err)
	}
	var archive bytes.Buffer
	if err := azurezip.Write(&archive, l.description()); err != nil {
		return err
	}
	l.Files.Package = filepath.Join(l.Files.Directory, vnetName+".zip")
	if err := os.WriteFile(l.Files.Package, archive.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write profile package: %w", err)
	}
	return nil
}

// description is the gateway as Azure would describe it in the profile package.
func (l *Lab) description() azurezip.Description {
	var routes []netip.Prefix
	for _, route := range l.routes() {
		if route.Addr().Is4() {
			routes = append(routes, route)
		}
	}
	var parameters *azurezip.EntraParameters
	if l.options.has(azurezip.Entra) {
		parameters = &azurezip.EntraParameters{Tenant: l.Entra.Authority(), Audience: l.Entra.Audience(), Issuer: l.Entra.Issuer()}
	}
	return azurezip.Description{
		Name: vnetName, VNetID: vnetID, Hosts: []string{l.Host},
		Authentications: l.options.Authentications, Entra: parameters, Transport: l.options.Transport,
		Roots: []*x509.Certificate{l.Certificates.GatewayRoot.Certificate}, Secret: l.Secret,
		Pool: pool().ipv4, Routes: routes,
		DNSServers: []netip.Addr{l.VNet.Resolver}, DNSSuffixes: suffixes(),
	}
}
