package site

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Page is a web server with one page, which says where it is and whom it sees.
type Page struct {
	title  string
	server *http.Server
	done   sync.WaitGroup
	visits visits
}

// NewPage serves a page with the given title on listeners until Close.
func NewPage(title string, listeners ...net.Listener) *Page {
	p := &Page{title: title}
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	for _, listener := range listeners {
		p.done.Go(func() { p.server.Serve(listener) }) // ends with ErrServerClosed, or with the listener's namespace
	}
	return p
}

func (p *Page) serve(response http.ResponseWriter, request *http.Request) {
	source := netip.Addr{}
	if endpoint, err := netip.ParseAddrPort(request.RemoteAddr); err == nil {
		source = p.visits.add(net.TCPAddrFromAddrPort(endpoint))
	}
	response.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(response, "This is %s.\nYou asked for %s and come from %s.\n", p.title, request.Host, source)
}

// Visitors counts the requests by the address they came from.
func (p *Page) Visitors() map[netip.Addr]int { return p.visits.snapshot() }

// Close ends the server with its connections.
func (p *Page) Close() error {
	err := p.server.Close()
	p.done.Wait()
	if err != nil {
		return fmt.Errorf("close page %s: %w", p.title, err)
	}
	return nil
}
