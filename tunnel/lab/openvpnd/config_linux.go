package openvpnd

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// Files of a gateway in its directory, where it runs.
const (
	configFile     = "gateway.conf"
	managementFile = "management.sock"
	verifyFile     = "verify.sh"
	usersDirectory = "users"
)

// verifyScript is OpenVPN's auth-user-pass-verify with via-file: $1 holds the name in its first line and the password in its second.
const verifyScript = `#!/bin/sh
for user in users/*; do
  if cmp -s "$1" "$user"; then exit 0; fi
done
exit 1
`

// writeFiles writes the configuration and what it refers to.
func (o *Options) writeFiles(directory string) error {
	key, err := o.Identity.KeyPEM()
	if err != nil {
		return err
	}
	var roots bytes.Buffer
	for _, root := range o.Roots {
		roots.Write(root.PEM())
	}
	files := map[string][]byte{
		"roots.pem":   roots.Bytes(),
		"gateway.pem": o.Identity.CertificatePEM(),
		"gateway.key": key,
		configFile:    []byte(o.config()),
	}
	switch o.Wrap {
	case tlswrap.Auth, tlswrap.Crypt:
		files["static.key"] = []byte(o.StaticKey.PEM())
	case tlswrap.CryptV2:
		files["server.key"] = []byte(o.ServerKey.PEM())
	}
	if o.Revoked != nil {
		files["revoked.pem"] = o.Revoked
	}
	if o.RADIUS != nil {
		files[radiusFile] = []byte(o.radiusConfig(directory))
	}
	for number, name := range slices.Sorted(maps.Keys(o.Users)) {
		files[filepath.Join(usersDirectory, fmt.Sprint(number))] = []byte(name + "\n" + o.Users[name] + "\n")
	}
	for name, content := range files {
		path := filepath.Join(directory, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(directory, verifyFile), []byte(verifyScript), 0o700)
}

// config is the gateway's configuration file.
func (o *Options) config() string {
	var c configuration
	proto := o.Proto
	if o.Listen.Addr().Is6() {
		proto += "6"
	}
	if o.Proto == "tcp" {
		proto += "-server"
	}
	c.add("mode server")
	c.add("tls-server")
	c.add("proto %s", proto)
	c.add("local %s", o.Listen.Addr())
	c.add("port %d", o.Listen.Port())
	c.add("dev tun")
	c.add("disable-dco")
	c.add("management %s unix", managementFile)
	c.add("verb %d", max(o.Verbosity, 3))
	o.addSecurity(&c)
	o.addAuthentication(&c)
	o.addNetwork(&c)
	o.addTimes(&c)
	for _, line := range o.Further {
		c.add("%s", line)
	}
	return c.String()
}

func (o *Options) addSecurity(c *configuration) {
	c.add("dh none")
	c.add("cert gateway.pem")
	c.add("key gateway.key")
	switch o.Wrap {
	case tlswrap.Auth:
		direction := " 0"
		if o.NoDirection {
			direction = ""
		}
		c.add("tls-auth static.key%s", direction)
	case tlswrap.Crypt:
		c.add("tls-crypt static.key")
	case tlswrap.CryptV2:
		c.add("tls-crypt-v2 server.key")
	}
	c.addIf(o.Auth != "", "auth %s", o.Auth)
	c.addIf(o.TLSMin != "", "tls-version-min %s", o.TLSMin)
	c.addIf(o.TLSMax != "", "tls-version-max %s", o.TLSMax)
	c.addIf(len(o.Ciphers) > 0, "data-ciphers %s", strings.Join(o.Ciphers, ":"))
}

func (o *Options) addAuthentication(c *configuration) {
	c.add("ca roots.pem")
	c.addIf(o.Revoked != nil, "crl-verify revoked.pem")
	if !o.signIn() {
		c.add("remote-cert-tls client")
		return
	}
	c.add("tmp-dir .")
	switch {
	case len(o.Users) > 0:
		c.add("script-security 2")
		c.add("auth-user-pass-verify ./%s via-file", verifyFile)
	case len(o.Verify) > 0:
		c.add("script-security 3") // passwords in the environment
		c.add(`auth-user-pass-verify "%s" via-env`, strings.Join(o.Verify, " "))
		for _, name := range slices.Sorted(maps.Keys(o.VerifyEnvironment)) {
			c.add(`setenv %s "%s"`, name, o.VerifyEnvironment[name])
		}
		c.add("duplicate-cn") // all tokens come with one user name
	case o.RADIUS != nil:
		c.add("plugin %s %s", radiusPlugin, radiusFile)
		c.add("status status.log 5")
		c.add("status-version 1")
	}
	switch {
	case o.CertificateToo:
		c.add("remote-cert-tls client")
	case o.CertificateOptional:
		c.add("verify-client-cert optional")
		c.add("auth-user-pass-optional")
	default:
		c.add("verify-client-cert none")
		c.add("username-as-common-name")
	}
}

func (o *Options) addNetwork(c *configuration) {
	c.add("topology subnet")
	c.add("server %s %s", o.IPv4.Masked().Addr(), netmask(o.IPv4))
	c.addIf(o.IPv6.IsValid(), "server-ipv6 %s", o.IPv6.Masked())
	c.addIf(o.TunMTU != 0, "tun-mtu %d", o.TunMTU)
	for _, route := range o.Routes {
		if route.Addr().Is4() {
			c.push("route %s %s", route.Masked().Addr(), netmask(route))
		} else {
			c.push("route-ipv6 %s", route.Masked())
		}
	}
	for _, option := range o.Push {
		c.push("%s", option)
	}
}

func (o *Options) addTimes(c *configuration) {
	c.addIf(o.Renegotiate > 0, "reneg-sec %d", seconds(o.Renegotiate))
	c.addIf(o.Renegotiate < 0, "reneg-sec 0")
	c.addIf(o.Ping > 0, "keepalive %d %d", seconds(o.Ping), seconds(o.PingTimeout))
}

func seconds(d time.Duration) int { return int(d.Round(time.Second) / time.Second) }

func netmask(p netip.Prefix) string {
	return net.IP(net.CIDRMask(p.Bits(), 32)).String()
}

// configuration is the text of a configuration file.
type configuration struct{ strings.Builder }

func (c *configuration) add(format string, values ...any) { fmt.Fprintf(c, format+"\n", values...) }

func (c *configuration) addIf(wanted bool, format string, values ...any) {
	if wanted {
		c.add(format, values...)
	}
}

// push quotes as OpenVPN's parser wants it: the option's own quotes and backslashes are escaped.
func (c *configuration) push(format string, values ...any) {
	option := fmt.Sprintf(format, values...)
	c.add(`push "%s"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(option))
}
