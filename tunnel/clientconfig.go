package tunnel

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"time"

	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/push"
	"github.com/footbridge-vpn/footbridge/tunnel/openvpn/tlswrap"
)

// clientConfig is how to hold a session as the profile says. The TLS configuration knows the gateway and the client certificate.
func clientConfig(profile *profiles.Profile, transport profiles.Transport, hello HelloVariant, tlsConfig *tls.Config, version string, logger *slog.Logger) (openvpn.Config, error) {
	wrap, err := wrapConfig(profile)
	if err != nil {
		return openvpn.Config{}, err
	}
	options := profile.OpenVPN
	config := openvpn.Config{
		Stream:        transport != profiles.UDP,
		TLS:           tlsConfig,
		Wrap:          wrap,
		SmallTLSHello: hello.Small,

		AsksCredential: asksCredential(profile),

		TLSTimeout:       options.TLSTimeout,
		HandshakeWindow:  options.HandshakeWindow,
		TransitionWindow: options.TransitionWindow,
		MaxPacket:        options.MaxPacketSize,

		RenegotiateAfter:   duration(options.RenegotiateAfter),
		RenegotiateBytes:   options.RenegotiateBytes,
		RenegotiatePackets: options.RenegotiatePackets,

		DataCiphers:    options.DataCiphers,
		FallbackCipher: options.FallbackCipher,
		Digest:         options.Auth,
		Compression:    push.Compression(options.Compression),
		ReplayWindow:   options.ReplayWindow,

		TunMTU:             options.TunMTU,
		Ping:               duration(options.Ping),
		PingRestart:        duration(options.PingRestart),
		PingExit:           duration(options.PingExit),
		Inactive:           options.Inactive,
		InactiveBytes:      options.InactiveBytes,
		SessionTimeout:     options.SessionTimeout,
		ExplicitExitNotify: options.ExplicitExitNotify,

		RouteNoPull: options.RouteNoPull,
		Version:     version,
		Platform:    platform(),
		PeerInfo:    options.PeerInfo,
		Logger:      logger,
	}
	if hello.Azure {
		config.Hello = openvpn.AzureHello
	}
	if challenge := profile.Authentication.Challenge; challenge != nil {
		config.StaticChallenge = &push.Challenge{Kind: push.StaticChallenge, Text: challenge.Text, Echo: challenge.Echo,
			ResponseRequired: true, Concat: challenge.Concat}
	}
	for _, filter := range options.PullFilters {
		config.PullFilters = append(config.PullFilters, push.Filter{Action: push.FilterAction(filter.Action), Prefix: filter.Prefix})
	}
	return config, nil
}

// asksCredential reports whether a user name and password, or a token, are sent inside TLS.
func asksCredential(profile *profiles.Profile) bool {
	switch profile.Authentication.Type {
	case profiles.EntraID, profiles.UsernamePassword:
		return true
	default:
		return profile.Authentication.AuthUserPass
	}
}

func wrapConfig(profile *profiles.Profile) (tlswrap.Config, error) {
	control := profile.ControlChannel
	config := tlswrap.Config{}
	var err error
	switch control.Mode {
	case profiles.NoControlProtection:
		return config, nil
	case profiles.TLSAuth:
		config.Mode = tlswrap.Auth
		config.Digest = control.Digest
		if config.Digest == "" {
			config.Digest = profile.OpenVPN.Auth
		}
		if config.Digest == "" {
			config.Digest = "SHA1" // OpenVPN's default of the option auth
		}
		if config.Key, err = tlswrap.ParseStaticKey(control.Key.Reveal()); err != nil {
			return config, fmt.Errorf("read tls-auth key: %w", err)
		}
		if control.KeyDirection != nil {
			if config.Direction, err = tlswrap.ParseDirection(strconv.Itoa(*control.KeyDirection)); err != nil {
				return config, fmt.Errorf("read key-direction: %w", err)
			}
		}
	case profiles.TLSCrypt:
		config.Mode = tlswrap.Crypt
		if config.Key, err = tlswrap.ParseStaticKey(control.Key.Reveal()); err != nil {
			return config, fmt.Errorf("read tls-crypt key: %w", err)
		}
	case profiles.TLSCryptV2:
		config.Mode = tlswrap.CryptV2
		if config.ClientKey, err = tlswrap.ParseClientKey(control.Key.Reveal()); err != nil {
			return config, fmt.Errorf("read tls-crypt-v2 key: %w", err)
		}
	default:
		return config, fmt.Errorf("protect control channel: %q is not known", control.Mode)
	}
	return config, nil
}

// duration passes profiles.Never on as what it is for the engine.
func duration(d time.Duration) time.Duration {
	if d == profiles.Never {
		return openvpn.Never
	}
	return d
}

// platform is this system in OpenVPN's words (IV_PLAT).
func platform() string {
	switch runtime.GOOS {
	case "windows":
		return "win"
	case "darwin":
		return "mac"
	default:
		return runtime.GOOS
	}
}
