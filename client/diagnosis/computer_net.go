package diagnosis

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
)

// readLinks reads the interfaces by what every system has.
func readLinks() ([]Link, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var links []Link
	for _, i := range interfaces {
		link := Link{Index: i.Index, Name: i.Name, Up: i.Flags&net.FlagUp != 0 && i.Flags&net.FlagRunning != 0,
			Loopback: i.Flags&net.FlagLoopback != 0, MTU: i.MTU, Hardware: i.HardwareAddr.String()}
		addresses, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("list addresses of %s: %w", i.Name, err)
		}
		for _, address := range addresses {
			if prefix, err := netip.ParsePrefix(address.String()); err == nil {
				link.Addresses = append(link.Addresses, prefix)
			}
		}
		links = append(links, link)
	}
	return links, nil
}

const (
	dnsPort       = 53
	maxResolvConf = 64 << 10 // bytes
	maxServers    = 8        // that are looked at; the C library asks three
)

// readResolvConf reads who is asked for names (resolv.conf(5)); what cannot be read names nobody.
func readResolvConf(path string) Names {
	file, err := os.Open(path)
	if err != nil {
		return Names{}
	}
	defer file.Close()
	return parseResolvConf(io.LimitReader(file, maxResolvConf))
}

func parseResolvConf(r io.Reader) Names {
	var names Names
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 2 {
			continue
		}
		switch words[0] {
		case "nameserver":
			if address, err := netip.ParseAddr(words[1]); err == nil && len(names.Servers) < maxServers {
				names.Servers = append(names.Servers, netip.AddrPortFrom(address, dnsPort))
			}
		case "search", "domain":
			names.Search = words[1:]
		}
	}
	return names
}
