// Package arm is an Azure Resource Manager with gateways for the lab and for tests: the SDK's own fakes behind https, with Azure's long-running
// operations, pages, errors and downloads.
//
// It looks at no token beyond what Options.Token does, and protects nothing.
package arm

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v9"

	"github.com/footbridge-vpn/footbridge/tunnel/lab/pki"
)

// Audience is for whom administrators' tokens are where Options do not say.
const Audience = "https://management.lab.example/"

// Options describes a Server. The zero value is one on loopback with a certificate authority of its own, which takes any token.
type Options struct {
	Listener  net.Listener                                          // where it is reached; Close closes it; nil: a free port of 127.0.0.1
	Host      string                                                // the name clients reach it by; empty: localhost
	Authority *pki.Authority                                        // signs the TLS certificate; nil: one of its own
	Login     string                                                // where administrators sign in, "https://localhost:8443"
	Audience  string                                                // for whom their tokens are; empty: Audience
	Token     func(bearer string) error                             // what is wrong with a token; nil: any will do
	Package   func(context.Context, PackageRequest) ([]byte, error) // makes the ZIP that Azure would generate; nil: there is none
	PageSize  int                                                   // of lists; 0: 100
	Gateway   *Gateway                                              // behind every gateway there is; nil: none, sessions are SetSessions's
	Logger    *slog.Logger                                          // nil: silent
}

// Gateway is one that carries packets. Its functions are called while the server is busy with a request: they must not call the server.
type Gateway struct {
	Sessions   func() []armnetwork.VPNClientConnectionHealthDetail
	Disconnect func(ids []string)
	Changed    func(armnetwork.VPNClientConfiguration) // what a virtual network's gateway was told; nil: it need not know
}

// PackageRequest asks for a profile package.
type PackageRequest struct {
	Gateway string // resource id; of a global profile the Virtual WAN's
	Global  bool
	Method  string // "EAPTLS", "EAPMSCHAPv2"
}

// Server is a running resource manager. It is safe for concurrent use.
type Server struct {
	options Options
	server  *http.Server
	ended   chan error
	closed  func() error // once
	roots   *x509.CertPool
	address string

	mu         sync.Mutex
	estate     *estate
	faults     faults
	requests   []Request
	operations map[string]*operation
	lists      map[string][]page
	packages   map[string]stored
	blobs      map[string]stored
	fakes      map[string]*fakes
	identity   int // of the next thing that needs one
}

// Request is what someone asked for.
type Request struct {
	Method string
	Path   string // with the query
	Body   string
	Token  bool // it carried one
}

// stored is a file at an address that only those know who were told.
type stored struct {
	signature string
	data      []byte
}

// Start starts a server. The caller must Close it.
func Start(options Options) (*Server, error) {
	if options.Host == "" {
		options.Host = "localhost"
	}
	if options.Audience == "" {
		options.Audience = Audience
	}
	if options.PageSize == 0 {
		options.PageSize = 100
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.Listener == nil {
		var err error
		if options.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, fmt.Errorf("start resource manager: %w", err)
		}
	}
	s, err := start(options)
	if err != nil {
		return nil, errors.Join(err, options.Listener.Close())
	}
	return s, nil
}

func start(options Options) (*Server, error) {
	if options.Authority == nil {
		root, err := pki.NewRoot("Lab resource manager root", pki.ECDSA)
		if err != nil {
			return nil, fmt.Errorf("start resource manager: %w", err)
		}
		options.Authority = root
	}
	identity, err := options.Authority.Issue(pki.Request{CommonName: options.Host, DNSNames: []string{options.Host},
		Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}, Key: pki.ECDSA, Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return nil, fmt.Errorf("start resource manager: %w", err)
	}
	_, port, err := net.SplitHostPort(options.Listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("start resource manager: %w", err)
	}
	s := &Server{
		options: options, ended: make(chan error, 1), roots: options.Authority.Pool(), address: "https://" + hostPort(options.Host, port),
		estate: newEstate(), operations: map[string]*operation{}, lists: map[string][]page{}, packages: map[string]stored{}, blobs: map[string]stored{},
		fakes: map[string]*fakes{},
	}
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(options.Logger.Handler(), slog.LevelDebug),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{identity.TLS()}, MinVersion: tls.VersionTLS12},
	}
	s.closed = sync.OnceValue(s.close)
	go func() { s.ended <- s.server.ServeTLS(options.Listener, "", "") }()
	return s, nil
}

// hostPort is what stands in addresses: the port only where it is not https's own.
func hostPort(host, port string) string {
	if port == "443" {
		return host
	}
	return net.JoinHostPort(host, port)
}

// Close ends the server. Further calls do nothing.
func (s *Server) Close() error {
	return s.closed()
}

func (s *Server) close() error {
	err := s.server.Close()
	if ended := <-s.ended; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// Endpoint is the resource manager's address.
func (s *Server) Endpoint() string { return s.address }

// HTTPClient trusts the server and nobody else. It uses no proxy.
func (s *Server) HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
}

// Requests are all requests so far.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// Blob makes an address with a signature that can be written to once and read, as a storage account has it.
func (s *Server) Blob() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, signature := s.next("sessions"), rand.Text()
	s.blobs[name] = stored{signature: signature}
	return s.address + "/blobs/" + name + "?sp=rcw&sig=" + signature
}

// next names a thing. The caller holds s.mu.
func (s *Server) next(kind string) string {
	s.identity++
	return fmt.Sprintf("%s-%d", kind, s.identity)
}
