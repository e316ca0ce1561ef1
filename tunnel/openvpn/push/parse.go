package push

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/keymethod"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/packet"
)

// Policy is what the profile says about pushed options.
type Policy struct {
	Filters     []Filter // pull-filter
	RouteNoPull bool     // route-nopull: no routes, no DNS
}

// ErrUnsupported says that the gateway decided for something that this end does not do, so that no data can flow.
var ErrUnsupported = errors.New("pushed option is not supported")

// errIgnored says that an option means nothing to us.
var errIgnored = errors.New("option is not known")

// Options reads the configuration. An option that cannot be followed is named in Refused or Ignored and the rest holds, as in
// OpenVPN; an error means that the configuration as a whole cannot be used: ErrRejected or ErrUnsupported.
func (a *Assembler) Options(policy Policy) (*Options, error) {
	options := &Options{PeerID: packet.NoPeer}
	var later [][]string // options that depend on others
	for _, text := range a.options {
		pass, err := passes(policy.Filters, text)
		if err != nil {
			return nil, err
		}
		if !pass {
			options.refuse(text, errors.New("pull-filter ignores it"))
			continue
		}
		words, err := Tokenize(text)
		if err != nil {
			options.refuse(text, err)
			continue
		}
		if len(words) == 0 {
			continue
		}
		words[0] = strings.TrimPrefix(words[0], "--")
		if policy.RouteNoPull && steersTraffic(words[0]) {
			options.refuse(text, errors.New("route-nopull ignores it"))
			continue
		}
		if words[0] == "ifconfig" {
			later = append(later, words)
			continue
		}
		if err := options.note(text, options.apply(words[0], words[1:])); err != nil {
			return nil, err
		}
	}
	for _, words := range later { // its second argument means what the topology says
		text := strings.Join(words, " ")
		if err := options.note(text, options.applyIfconfig(words[1:])); err != nil {
			return nil, err
		}
	}
	options.settle()
	return options, nil
}

// note records what became of an option and returns an error only where nothing else can be done.
func (o *Options) note(text string, err error) error {
	switch {
	case errors.Is(err, errIgnored):
		o.Ignored = append(o.Ignored, withoutSecrets(text))
	case errors.Is(err, ErrUnsupported):
		return fmt.Errorf("read pushed option %q: %w", withoutSecrets(text), err)
	case err != nil:
		o.refuse(text, err)
	}
	return nil
}

func (o *Options) refuse(text string, reason error) {
	o.Refused = append(o.Refused, Refusal{Option: withoutSecrets(text), Reason: reason.Error()})
}

// steersTraffic reports whether route-nopull keeps an option out (OpenVPN init.c, pull_permission_mask: OPT_P_ROUTE and
// OPT_P_DHCPDNS).
func steersTraffic(name string) bool {
	switch name {
	case "route", "route-ipv6", "route-metric", "redirect-gateway", "redirect-private", "block-ipv6", "dhcp-option", "dns",
		"block-outside-dns":
		return true
	}
	return false
}

// apply follows one option.
func (o *Options) apply(name string, arguments []string) error {
	switch name {
	case "route", "route-ipv6", "route-gateway", "route-metric", "redirect-gateway", "redirect-private", "block-ipv6", "topology",
		"ifconfig-ipv6":
		return o.applyNetwork(name, arguments)
	case "dhcp-option":
		return o.applyDHCP(arguments)
	case "dns":
		return o.applyDNS(arguments)
	case "block-outside-dns":
		o.BlockOutsideDNS = true
		return nil
	case "tun-mtu", "ping", "ping-restart", "ping-exit", "keepalive", "inactive", "session-timeout", "explicit-exit-notify",
		"sndbuf", "rcvbuf":
		return o.applyTimers(name, arguments)
	}
	return o.applyProtocol(name, arguments)
}

// applyTimers follows options that are numbers.
func (o *Options) applyTimers(name string, arguments []string) error {
	if len(arguments) == 0 && name == "explicit-exit-notify" {
		o.ExplicitExitNotify = 1
		return nil
	}
	if len(arguments) == 0 {
		return errors.New("it has no argument")
	}
	switch name {
	case "tun-mtu":
		return setNumber(&o.TunMTU, arguments[0], MinMTU, MaxMTU)
	case "ping":
		return setSeconds(&o.Ping, arguments[0])
	case "ping-restart":
		return setSeconds(&o.PingRestart, arguments[0])
	case "ping-exit":
		return setSeconds(&o.PingExit, arguments[0])
	case "keepalive":
		if len(arguments) < 2 {
			return errors.New("it has one argument")
		}
		return errors.Join(setSeconds(&o.Ping, arguments[0]), setSeconds(&o.PingRestart, arguments[1]))
	case "inactive":
		if len(arguments) > 1 {
			n, err := strconv.ParseInt(arguments[1], 10, 64)
			if err != nil || n < 0 {
				return fmt.Errorf("%q is not a number of bytes", printable(arguments[1]))
			}
			o.InactiveBytes = n
		}
		return setSeconds(&o.Inactive, arguments[0])
	case "session-timeout":
		return setSeconds(&o.SessionTimeout, arguments[0])
	case "explicit-exit-notify":
		return setNumber(&o.ExplicitExitNotify, arguments[0], 0, 100)
	case "sndbuf":
		return setNumber(&o.SendBuffer, arguments[0], 0, maxSocketBuffer)
	default:
		return setNumber(&o.ReceiveBuffer, arguments[0], 0, maxSocketBuffer)
	}
}

const maxSocketBuffer = 64 << 20 // bytes

// applyProtocol follows options of the protocol itself.
func (o *Options) applyProtocol(name string, arguments []string) error {
	argument := ""
	if len(arguments) > 0 {
		argument = arguments[0]
	}
	switch name {
	case "peer-id":
		id, err := strconv.ParseUint(argument, 10, 32)
		if err != nil || id > uint64(packet.NoPeer) {
			return fmt.Errorf("%q is not a peer id", printable(argument))
		}
		o.PeerID = uint32(id)
	case "cipher":
		if argument == "" || len(argument) > 64 {
			return errors.New("it names no cipher")
		}
		o.Cipher = argument
	case "compress", "comp-lzo":
		return o.applyCompression(name, argument)
	case "auth-token":
		if argument == "" || len(argument) > keymethod.MaxStringSize {
			return errors.New("it has no token")
		}
		o.AuthToken = keymethod.Secret(argument)
	case "auth-token-user":
		username, err := base64.StdEncoding.DecodeString(argument)
		if err != nil || len(username) == 0 || strings.ContainsRune(string(username), 0) {
			return errors.New("it is not a user name in base 64")
		}
		o.AuthTokenUser = string(username)
	case "key-derivation":
		if argument != "tls-ekm" {
			return fmt.Errorf("%w: key derivation %q", ErrUnsupported, printable(argument))
		}
		o.ProtocolFlags.TLSEKM = true
	case "protocol-flags":
		return o.applyProtocolFlags(arguments)
	default:
		return errIgnored
	}
	return nil
}

// applyCompression takes framings and refuses algorithms: compression leaks what is inside the tunnel.
func (o *Options) applyCompression(name, argument string) error {
	switch {
	case name == "comp-lzo" && argument == "no":
		o.Compression = CompLZO
	case name == "compress" && (argument == "" || argument == "stub"):
		o.Compression = Stub
	case name == "compress" && argument == "stub-v2":
		o.Compression = StubV2
	case name == "compress" && argument == "migrate":
		o.Compression = NoCompression
	default:
		return fmt.Errorf("%w: compression", ErrUnsupported)
	}
	return nil
}

func (o *Options) applyProtocolFlags(flags []string) error {
	o.ProtocolFlags.Known = true
	for _, flag := range flags {
		switch flag {
		case "cc-exit":
			o.ProtocolFlags.CCExit = true
		case "tls-ekm":
			o.ProtocolFlags.TLSEKM = true
		case "dyn-tls-crypt":
			o.ProtocolFlags.DynTLSCrypt = true
		case "aead-epoch":
			o.ProtocolFlags.AEADEpoch = true
		default:
			return fmt.Errorf("%w: protocol flag %q", ErrUnsupported, printable(flag))
		}
	}
	return nil
}

// settle draws conclusions that need every option.
func (o *Options) settle() {
	if o.PingExit > 0 && o.PingRestart == 0 {
		o.PingRestart = Never // one replaces the other (OpenVPN options.c, ping_rec_timeout_action)
	}
	o.DNS.settle(o)
}

// setSeconds reads a duration; 0 seconds switch the thing off.
func setSeconds(to *time.Duration, text string) error {
	var seconds int
	if err := setNumber(&seconds, text, 0, maxSeconds); err != nil {
		return err
	}
	*to = time.Duration(seconds) * time.Second
	if seconds == 0 {
		*to = Never
	}
	return nil
}

func setNumber(to *int, text string, least, most int) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return fmt.Errorf("%q is not a number from %d to %d", printable(text), least, most)
	}
	*to = n
	return nil
}
