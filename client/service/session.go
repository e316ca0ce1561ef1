package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/footbridge-vpn/footbridge/client/api"
	"github.com/footbridge-vpn/footbridge/client/signin"
	"github.com/footbridge-vpn/footbridge/profiles"
	"github.com/footbridge-vpn/footbridge/tunnel"
)

// The sessions that may run at once.
const (
	maxSessions        = 64
	maxSessionsPerUser = 8
)

// maxCertificates bounds a client's chain.
const maxCertificates = 10

// session is one tunnel and who it belongs to. The service's mutex guards what changes.
type session struct {
	service   *Service
	id        string
	uid       uint32
	profile   *profiles.Profile
	endWithMe bool
	tunnel    *tunnel.Tunnel
	cancel    context.CancelFunc

	state     tunnel.State
	since     time.Time
	problem   *tunnel.Problem
	questions []*question
}

// connect checks a request and starts its tunnel.
func (s *Service) connect(uid uint32, request *api.ConnectRequest) (*api.Session, *api.Error) {
	profile, refusal := choose(request)
	if refusal != nil {
		return nil, refusal
	}
	ctx, cancel := context.WithCancel(context.Background())
	started := &session{service: s, id: rand.Text(), uid: uid, profile: profile, endWithMe: request.EndWithMe, cancel: cancel,
		state: tunnel.Disconnected, since: time.Now()}
	certificate, err := started.certificate(ctx, request.Certificate)
	if err != nil {
		cancel()
		return nil, &api.Error{Code: api.BadCertificate, Sentence: "The client certificate cannot be used: " + err.Error() + ".", Remedy: "Send the certificate and its intermediates as PEM, without the private key."}
	}
	started.tunnel = tunnel.New(tunnel.Options{
		Profile: profile, Certificate: certificate, Ask: started.ask, Network: s.network(ctx), Computer: s.options.Computer,
		Observe: started.observe, Version: "Footbridge " + s.options.Version, Logger: s.logger.With("session", started.id),
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.roomFor(uid, profile.Name); refusal != nil {
		cancel()
		return nil, refusal
	}
	s.sessions[started.id] = started
	s.publish(started)
	s.running.Go(func() { started.run(ctx) })
	view := started.view(uid)
	return &view, nil
}

// roomFor refuses a session too many. The service's mutex is held.
func (s *Service) roomFor(uid uint32, profile string) *api.Error {
	if s.ending {
		return &api.Error{Code: api.Stopping, Sentence: "The service is stopping.", Remedy: "Try again when it is back."}
	}
	count := 0
	for _, other := range s.sessions {
		if other.uid != uid {
			continue
		}
		count++
		if other.profile.Name == profile {
			return &api.Error{Code: api.AlreadyConnected, Sentence: "This profile has a connection already.", Remedy: "Disconnect it first."}
		}
	}
	if count >= maxSessionsPerUser || len(s.sessions) >= maxSessions {
		return &api.Error{Code: api.TooMany, Sentence: "There are too many connections.", Remedy: "Disconnect one first."}
	}
	return nil
}

// run keeps the tunnel until it ends, then forgets it.
func (c *session) run(ctx context.Context) {
	s := c.service
	err := c.tunnel.Run(ctx)
	c.cancel()
	s.logger.Info("session ended", "session", c.id, "uid", c.uid, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, c.id)
	s.publishEnd(c)
}

// observe takes the tunnel's events.
func (c *session) observe(event tunnel.Event) {
	s := c.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if event.State != c.state {
		c.state, c.since, c.problem = event.State, event.Time, nil
	}
	if event.Problem != nil {
		c.problem = event.Problem
	}
	s.publishTo(c, api.Change{Event: &api.SessionEvent{Session: c.id, Event: event}})
	s.publish(c)
}

// view is the session as a user may see it who may see it. The service's mutex is held.
func (c *session) view(uid uint32) api.Session {
	view := api.Session{ID: c.id, UID: c.uid, Profile: c.profile.Name, State: c.state, Since: c.since, Problem: c.problem,
		Connection: c.tunnel.Session(), Traffic: c.tunnel.Traffic()}
	view.WaitingForUser = len(c.questions) > 0 && !c.service.present(c.uid)
	if uid == c.uid {
		for _, q := range c.questions {
			view.Questions = append(view.Questions, q.asked)
		}
	}
	return view
}

// choose reads the posted profile anew: what a caller says of it is not believed.
func choose(request *api.ConnectRequest) (*profiles.Profile, *api.Error) {
	imported, err := profiles.Import(bytes.NewReader(request.Profile), profiles.ImportOptions{})
	if err != nil {
		return nil, &api.Error{Code: api.BadProfile, Sentence: "The profile cannot be used: " + err.Error(), Remedy: "Import the profile again."}
	}
	for _, profile := range imported.Profiles {
		if profile.Name == request.Name || (request.Name == "" && len(imported.Profiles) == 1) {
			return profile, nil
		}
	}
	return nil, &api.Error{Code: api.BadProfile, Sentence: "The file does not hold the wanted profile, or holds several.", Remedy: "Name one that it holds."}
}

// certificate is the client certificate: the posted one, whose key the owner's program has, or the one inside the profile.
func (c *session) certificate(ctx context.Context, chain string) (*tls.Certificate, error) {
	authentication := c.profile.Authentication
	switch {
	case chain != "":
		return c.posted(ctx, []byte(chain))
	case authentication.ClientCert != "":
		return signin.ParsePEM([]byte(authentication.ClientCert.Reveal()), []byte(authentication.ClientKey.Reveal()))
	case authentication.PKCS12 != "":
		return signin.ParsePKCS12([]byte(authentication.PKCS12.Reveal()), "")
	default:
		return nil, nil // the tunnel says what is missing where one is needed
	}
}

func (c *session) posted(ctx context.Context, chain []byte) (*tls.Certificate, error) {
	certificate := new(tls.Certificate)
	for block, rest := pem.Decode(chain); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %s in it", block.Type)
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		if certificate.Leaf == nil {
			certificate.Leaf = parsed
		}
		certificate.Certificate = append(certificate.Certificate, block.Bytes)
	}
	if certificate.Leaf == nil || len(certificate.Certificate) > maxCertificates {
		return nil, errors.New("it has no certificate, or too many")
	}
	thumbprint := ""
	if wanted := c.profile.Authentication.Certificate; wanted != nil {
		thumbprint = wanted.Thumbprint
	}
	if err := signin.Check(certificate, thumbprint, time.Now()); err != nil {
		return nil, err
	}
	certificate.PrivateKey = &remoteSigner{ctx, c, certificate.Leaf.PublicKey}
	return certificate, nil
}
