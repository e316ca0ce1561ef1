// Package client is a connection as the user sees it: a profile, a sign-in and the service in one place, for every face.
package client

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/client/agent"
	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/client/signin/entra"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/profiles/secret"
	"github.com/footbridge-vpn/footbridge/profiles/settings"
	"github.com/footbridge-vpn/footbridge/profiles/store"
)

// Wish says how a user wants to connect, besides what is set for the profile.
type Wish struct {
	Certificate settings.CertificateSource // instead of the settings'
	Username    string                     // instead of the settings'
	DeviceCode  bool
	LeaveDNS    bool
	EndWithMe   bool
}

// Prepared is a connection that is ready to be asked for.
type Prepared struct {
	Request api.ConnectRequest
	Secrets agent.Secrets
	Token   *agent.TokenKey // where the certificate's key is on a token
	Expiry  *signin.ExpiringCertificate
}

// Prepare makes a request for one of the user's own profiles. The certificate is loaded here, and its private key stays here: of
// it and of passwords the service gets nothing before it asks.
func Prepare(ctx context.Context, entry store.Entry, wish Wish, asker signin.Asker) (*Prepared, error) {
	profile, err := entry.Settings.Apply(entry.Profile)
	if err != nil {
		return nil, err
	}
	profile.Name = entry.Name
	p := &Prepared{Request: api.ConnectRequest{Name: entry.Name, LeaveDNS: wish.LeaveDNS, EndWithMe: wish.EndWithMe}}
	p.Secrets = secretsFor(profile, entry.Settings, wish)
	if needsCertificate(profile.Authentication) {
		if err := p.loadCertificate(ctx, profile, sourceOf(entry.Settings, wish), asker); err != nil {
			return nil, err
		}
	}
	public := *entry.Profile
	public.Authentication.ClientCert, public.Authentication.ClientKey, public.Authentication.PKCS12, public.Authentication.Password = "", "", "", ""
	file, completion, err := store.Encode(&public)
	if err != nil {
		return nil, err
	}
	shared := settings.Revealed(withoutPaths(entry.Settings))
	p.Request.Profile, p.Request.Completion, p.Request.Settings = file, completion, &shared
	return p, nil
}

// PrepareMachine makes a request for a profile that an administrator installed.
func PrepareMachine(ctx context.Context, machine api.MachineProfile, wish Wish, asker signin.Asker) (*Prepared, error) {
	profile := &profiles.Profile{Name: machine.Name, Authentication: profiles.Authentication{Type: machine.Authentication}}
	if machine.Thumbprint != "" || machine.Issuer != "" {
		profile.Authentication.Certificate = &profiles.CertificateSelector{Thumbprint: machine.Thumbprint, Issuer: machine.Issuer}
	}
	if e := machine.Entra; e != nil {
		wanted := machineEntra(e)
		profile.Authentication.Entra = &wanted
	}
	p := &Prepared{Request: api.ConnectRequest{MachineProfile: machine.ID, LeaveDNS: wish.LeaveDNS, EndWithMe: wish.EndWithMe}}
	p.Secrets = secretsFor(profile, machine.Settings, wish)
	p.Secrets.TrustAuthority = true
	if needsCertificate(profile.Authentication) && !machine.Device {
		if err := p.loadCertificate(ctx, profile, sourceOf(machine.Settings, wish), asker); err != nil {
			return nil, err
		}
	}
	if p.Secrets.Username != "" {
		p.Request.Settings = &settings.Revealed{Username: p.Secrets.Username}
	}
	return p, nil
}

func machineEntra(e *api.Entra) profiles.Entra {
	return profiles.Entra{Audience: e.Audience, Issuer: e.Issuer, Tenant: e.Tenant, ApplicationID: e.ApplicationID,
		CacheSignInUser: e.CacheSignInUser, EnableGroupToken: e.EnableGroupToken}
}

func secretsFor(profile *profiles.Profile, set settings.Settings, wish Wish) agent.Secrets {
	s := agent.Secrets{Profile: profile.Name, Type: profile.Authentication.Type, Username: profile.Authentication.Username, Password: profile.Authentication.Password,
		Entra: profile.Authentication.Entra, LoginHint: set.LoginHint, DeviceCode: wish.DeviceCode || set.SignIn == settings.SignInDeviceCode,
		MayRemember: set.RememberPassword == nil || *set.RememberPassword}
	s.TrustAuthority = s.Entra != nil && entra.SignsInAt(*s.Entra, set.SignInServer)
	if set.Username != "" {
		s.Username = set.Username
	}
	if wish.Username != "" {
		s.Username = wish.Username
	}
	return s
}

func needsCertificate(a profiles.Authentication) bool {
	return a.Type == profiles.Certificate || a.Type == "" || a.ClientCert != "" || a.PKCS12 != ""
}

func sourceOf(set settings.Settings, wish Wish) *settings.CertificateSource {
	if wish.Certificate != (settings.CertificateSource{}) {
		return &wish.Certificate
	}
	return set.Certificate
}

// withoutPaths leaves out what is only for the user's own program.
func withoutPaths(s settings.Settings) settings.Settings {
	shared := s.Clone()
	shared.Certificate, shared.LoginHint, shared.SignInServer, shared.RememberPassword, shared.AutoConnect, shared.TrustedNetworks = nil, "", "", nil, false, nil
	return shared
}

func (p *Prepared) loadCertificate(ctx context.Context, profile *profiles.Profile, source *settings.CertificateSource, asker signin.Asker) error {
	var pin secret.Text
	ask := func(ctx context.Context, request signin.PassphraseRequest) (secret.Text, error) {
		if asker == nil {
			return "", signin.ErrNobodyToAsk
		}
		request.Profile = profile.Name
		text, err := asker.KeyPassphrase(ctx, request)
		pin = text
		return text, err
	}
	certificate, err := signin.Load(ctx, signin.SelectionFor(profile, source), ask)
	if err != nil {
		return fmt.Errorf("load client certificate: %w", err)
	}
	p.Secrets.Certificate = certificate
	p.Request.Certificate = chain(certificate)
	p.Expiry = signin.ExpiryWarning(certificate, time.Now())
	if source != nil && source.PKCS11URI != "" {
		p.Token = &agent.TokenKey{Source: *source, PIN: pin}
	}
	return nil
}

func chain(certificate *tls.Certificate) string {
	var text []byte
	for _, der := range certificate.Certificate {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return string(text)
}
