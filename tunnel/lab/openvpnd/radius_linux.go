package openvpnd

import (
	"fmt"
	"path/filepath"
)

// radiusPlugin is where Debian's openvpn-auth-radius has it.
const radiusPlugin = "/usr/lib/openvpn/radiusplugin.so"

// radiusFile is the plugin's configuration.
const radiusFile = "radius.conf"

// radiusConfig is the plugin's configuration (/usr/share/doc/openvpn-auth-radius/examples/radiusplugin.cnf). Its parser knows no quotes.
func (o *Options) radiusConfig(directory string) string {
	return fmt.Sprintf(`NAS-Identifier=footbridge-lab
Service-Type=5
Framed-Protocol=1
NAS-Port-Type=5
NAS-IP-Address=%s
OpenVPNConfig=%s
subnet=%s
overwriteccfiles=false
useauthcontrolfile=false
server
{
	authport=%d
	acctport=%d
	name=%s
	retry=1
	wait=%d
	sharedsecret=%s
}
`, o.Listen.Addr(), filepath.Join(directory, configFile), netmask(o.IPv4), o.RADIUS.Address.Port(), o.RADIUS.Address.Port()+1, o.RADIUS.Address.Addr(),
		max(1, seconds(o.RADIUS.Wait)), o.RADIUS.Secret)
}
