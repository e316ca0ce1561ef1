package ovpn

import "github.com/footbridge-vpn/footbridge/profiles/finding"

// effect says why an option that is not in optionTable has none.
type effect struct {
	ignored  bool // it changes nothing that the user would notice
	kept     bool // it is written again
	severity finding.Severity
	because  string
	remedy   string
}

// isWindowsOnly lists the options that OpenVPN refuses on other systems, unless they are marked as optional.
func isWindowsOnly(name string) bool {
	switch name {
	case "register-dns", "dhcp-renew", "dhcp-release", "dhcp-pre-release", "dhcp-internal", "rdns-internal", "show-net-up", "tap-sleep", "ip-win32", "win-sys",
		"windows-driver", "service", "pause-exit", "route-method", "allow-nonadmin":
		return true
	default:
		return false
	}
}

// effects are the options without an effect, by name.
func effects() map[string]effect {
	all := map[string]effect{}
	add := func(e effect, names ...string) {
		for _, name := range names {
			all[name] = e
		}
	}
	kept := func(because string) effect { return effect{ignored: true, kept: true, because: because} }
	dropped := func(because string) effect { return effect{ignored: true, because: because} }
	fault := func(because, remedy string) effect {
		return effect{severity: finding.Fault, because: because, remedy: remedy}
	}
	warning := func(because, remedy string) effect {
		return effect{severity: finding.Warning, because: because, remedy: remedy}
	}

	add(kept("this client always does what it is for, or lets the gateway decide"), "persist-tun", "persist-key", "resolv-retry", "remap-usr1", "persist-local-ip", "persist-remote-ip", "preresolve",
		"auth-token-user", "allow-recursive-routing", "single-session", "tls-exit", "up-restart", "up-delay", "ping-timer-rem", "topology", "tun-ipv6")
	add(kept("log settings are the program's"), "verb", "mute", "mute-replay-warnings", "suppress-timestamps", "machine-readable-output", "errors-to-stderr")
	add(dropped("logs go where the program's settings say"), "log", "log-append", "syslog", "status", "status-version", "echo", "parameter")
	add(kept("buffers and sockets are set by the system"), "sndbuf", "rcvbuf", "socket-flags", "txqueuelen", "tcp-nodelay", "tcp-queue-limit", "bcast-buffers", "fast-io",
		"mtu-disc", "mtu-test", "multihome", "passtos", "shaper", "link-mtu", "udp-mtu", "tun-mtu-extra", "tun-mtu-max")
	add(kept("the system chooses the local address"), "local", "lport", "bind", "bind-dev", "mark", "ip-remote-hint", "remote-random-hostname")
	add(kept("the program manages its own process"), "mlock", "nice", "daemon", "user", "group", "chroot", "cd", "writepid", "setcon", "tmp-dir", "service", "pause-exit", "gremlin", "allow-nonadmin")
	add(kept("device and routes are set by the program itself"), "dev-node", "win-sys", "windows-driver", "ip-win32", "route-method", "route-delay", "route-metric", "route-table",
		"route-gateway", "route-ipv6-gateway", "max-routes", "register-dns", "dhcp-renew", "dhcp-release", "dhcp-pre-release", "tap-sleep", "show-net-up", "rdns-internal", "dhcp-internal",
		"lladdr", "allow-pull-fqdn", "ifconfig-nowarn", "iproute", "block-ipv6", "dns-updown")
	add(kept("TLS is set by the program itself"), "tls-cipher", "tls-ciphersuites", "tls-groups", "ecdh-curve", "tls-cert-profile", "prng", "providers", "engine", "use-prediction-resistance",
		"keysize", "compat-mode", "compat-names", "no-name-remapping", "allow-deprecated-insecure-static-crypto", "force-tls-key-material-export", "keying-material-exporter", "x509-track", "tls-export-cert", "dh")
	add(kept("the gateway does not see it"), "disable-occ", "opt-verify", "allow-compression", "comp-noadapt", "replay-persist", "http-proxy-retry", "socks-proxy-retry",
		"http-proxy-timeout", "auth-user-pass-optional", "pkcs11-cert-private", "pkcs11-pin-cache", "pkcs11-protected-authentication", "pkcs11-private-mode", "pkcs11-id-management")
	add(dropped("passwords are asked when they are needed"), "askpass", "auth-token")

	const scripts = "scripts of a profile are never run"
	add(warning(scripts, "If the script does something that you need, do it when the connection is up, in a way of your own."),
		"up", "down", "down-pre", "ipchange", "route-up", "route-pre-down", "client-connect", "client-disconnect", "learn-address")
	add(dropped("no scripts are run"), "script-security")
	add(fault("it decides by a script whether the gateway is genuine, and scripts of a profile are never run", "Use verify-x509-name or peer-fingerprint instead."), "tls-verify")
	add(warning("plugins of a profile are never loaded", "Ask for a configuration without it."), "plugin")
	const management = "the program is controlled in its own way"
	add(warning(management, "Remove the line."), "management", "management-client", "management-external-key", "management-external-cert")
	add(dropped(management), "management-hold", "management-query-passwords", "management-query-proxy", "management-query-remote", "management-signal", "management-log-cache",
		"management-forget-disconnect", "management-up-down", "management-client-auth", "management-client-user", "management-client-group", "msg-channel")

	add(fault("it is a server's", "Choose a client's configuration."), "server", "server-ipv6", "server-bridge", "tls-server", "mode", "ifconfig-pool", "client-config-dir", "push",
		"auth-user-pass-verify", "client-to-client", "duplicate-cn", "port-share", "tls-crypt-v2-verify", "verify-client-cert", "auth-gen-token", "client-cert-not-required", "iroute", "iroute-ipv6")
	add(fault("a shared static key protects nothing of yesterday once it is lost, and no gateway of today uses it", "Ask for a configuration with certificates."), "secret")
	add(fault("it changes every packet, and the gateway must do the same", "Ask for a configuration without fragment."), "fragment")
	add(fault("without protection against repeated packets the tunnel is not safe", "Ask for a configuration without it."), "no-replay", "no-iv")
	add(fault("a folder of CA certificates cannot come with a profile", "Put the certificates between <ca> and </ca>."), "capath")
	add(fault("it checks the gateway by a hash of its CA", "Use peer-fingerprint, or put only that CA between <ca> and </ca>."), "verify-hash")
	add(fault("it was replaced long ago", "Write verify-x509-name, the name, and name behind it."), "tls-remote")
	add(fault("another file cannot be included", "Put the content of that file in its place."), "config")
	add(warning("it looks at a field that certificates no longer have", "Write remote-cert-tls server."), "ns-cert-type")
	add(warning("addresses come from the gateway", "Remove the line, and let the gateway push the addresses."), "ifconfig", "ifconfig-ipv6", "ifconfig-noexec")
	add(warning("routes are always set", "Write route-nopull to use no routes of the gateway's."), "route-noexec")
	add(warning("addresses are not translated", "Ask for other routes."), "client-nat")
	add(warning("headers of the proxy's request cannot be chosen", "Remove the line if the proxy does not need it."), "http-proxy-override")
	return all
}
