package diagnosis

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/footbridge-vpn/footbridge/tunnel/transport"
)

// checkHost follows the way to the host that the user wants to reach: its name, its address, the interface, a connection.
func checkHost(ctx context.Context, x *examination, f facts) ([]Check, learned) {
	if x.Host == "" {
		return one(HostNotNamed)
	}
	host, port, err := parseHost(x.Host)
	if err != nil {
		return one(HostMalformed, err.Error())
	}
	addresses, err := x.lookUp(ctx, host)
	if err != nil {
		if notFound(err) {
			return one(HostNotFound, host)
		}
		return one(HostNoAnswer, err.Error())
	}
	address := addresses[0]
	detail := host + ": " + list(addresses)
	through, id := x.wayTo(f, host, address)
	if through != "" {
		detail += "; through " + through
	}
	if id != "" {
		return one(id, detail)
	}
	return []Check{x.connectHost(ctx, f, addresses, port, detail)}, nil
}

// wayTo says through which interface packets for an address go, and what is wrong with that.
func (x *examination) wayTo(f facts, host string, address netip.Addr) (string, ID) {
	if f.computer == nil || f.computer.NoRoutes || address.IsLoopback() {
		return "", ""
	}
	route, found := f.computer.way(address)
	if !found {
		return "", HostNoRoute
	}
	link, _ := f.computer.byIndex(route.Link)
	p := f.plan
	if p == nil || !p.live {
		return link.Name, ""
	}
	wanted := slices.ContainsFunc(p.routes, func(r netip.Prefix) bool { return r.Contains(address) }) &&
		!slices.ContainsFunc(p.excluded, func(r netip.Prefix) bool { return r.Contains(address) })
	switch {
	case link.Name == p.device:
		return link.Name, ""
	case link.Use() == UseTunnel:
		return link.Name, HostOtherTunnel
	case wanted:
		return link.Name, HostLocal
	case isPrivateLinkName(host) && !address.IsPrivate():
		return link.Name, HostPublic
	case address.IsPrivate() && !onLink(f.computer, link, address):
		return link.Name, HostOutside
	default:
		return link.Name, ""
	}
}

// onLink reports whether an address is in a network that this computer is in.
func onLink(computer *Computer, link Link, address netip.Addr) bool {
	return slices.ContainsFunc(link.Addresses, func(a netip.Prefix) bool { return a.Contains(address) })
}

// privateLinkZones are the public names of services that a private link gives an address in a VNet (private-endpoint-dns, learn.microsoft.com).
func privateLinkZones() []string {
	return []string{"blob.core.windows.net", "file.core.windows.net", "queue.core.windows.net", "table.core.windows.net", "dfs.core.windows.net",
		"web.core.windows.net", "database.windows.net", "vault.azure.net", "documents.azure.com", "azurewebsites.net", "azurecr.io", "servicebus.windows.net",
		"redis.cache.windows.net", "openai.azure.com", "search.windows.net", "azmk8s.io", "postgres.database.azure.com", "mysql.database.azure.com"}
}

func isPrivateLinkName(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return strings.Contains(host, ".privatelink.") ||
		slices.ContainsFunc(privateLinkZones(), func(zone string) bool { return strings.HasSuffix(host, "."+zone) })
}

// connectHost connects to a host. Where no port was named, several are tried: that one is refused shows the host as well.
func (x *examination) connectHost(ctx context.Context, f facts, addresses []netip.Addr, port uint16, detail string) Check {
	ports := []uint16{port}
	if port == 0 {
		ports = []uint16{443, 22, 3389, 445, 80}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	outcomes := make(chan error, 64)
	tried := 0
	for _, address := range addresses[:min(len(addresses), 4)] {
		for _, port := range ports {
			tried++
			go func() {
				conn, err := x.Dial(ctx, "tcp", netip.AddrPortFrom(address, port).String())
				if err == nil {
					conn.Close()
				}
				outcomes <- err
			}()
		}
	}
	refused := false
	var failures []error
	for range tried {
		err := <-outcomes
		if err == nil {
			return say(HostOK, detail)
		}
		refused = refused || transport.Classify(err) == transport.Refused
		failures = append(failures, err)
	}
	live := f.plan != nil && f.plan.live
	switch {
	case refused && port == 0:
		return say(HostOK, detail)
	case refused:
		return say(HostAnswers, detail, fmt.Sprintf("port %d", port))
	case isNoRoute(errors.Join(failures...)) && !live:
		return say(HostNoRoute, detail)
	case !live:
		return say(HostNoTunnel, detail)
	default:
		return say(HostUnreachable, detail)
	}
}

// parseHost reads a name or address with or without a port; port 0: none was given.
func parseHost(text string) (host string, port uint16, err error) {
	if address, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return address.Unmap().String(), 0, nil
	}
	host = text
	if i := strings.LastIndexByte(text, ':'); i >= 0 {
		number, err := strconv.ParseUint(text[i+1:], 10, 16)
		if err != nil || number == 0 {
			return "", 0, fmt.Errorf("%q is no port", text[i+1:])
		}
		host, port = strings.Trim(text[:i], "[]"), uint16(number)
	}
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if _, err := netip.ParseAddr(host); err != nil && (host == "" || len(host) > 253 || strings.Trim(host, allowed) != "") {
		return "", 0, fmt.Errorf("%q is no name of a host", host)
	}
	return host, port, nil
}
