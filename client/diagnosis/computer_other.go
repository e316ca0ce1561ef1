//go:build !linux

package diagnosis

import "context"

// ThisComputer reads what this computer's network is like; its routes cannot be read on this system yet.
func ThisComputer(context.Context) (*Computer, error) {
	links, err := readLinks()
	if err != nil {
		return nil, err
	}
	return &Computer{Links: links, NoRoutes: true, Names: readResolvConf("/etc/resolv.conf")}, nil
}
