package demo

import (
	"context"
	"fmt"
	"slices"

	"github.com/footbridge-vpn/footbridge/tunnel/lab"
)

// laptop is what of the laptop a tunnel changes.
type laptop struct {
	links  []string
	config string // routes, addresses, rules and resolv.conf, as text
}

func look(ctx context.Context, l *lab.Lab) (laptop, error) {
	links, err := l.Laptop.Links()
	if err != nil {
		return laptop{}, err
	}
	config, err := l.Laptop.Configuration()
	if err != nil {
		return laptop{}, err
	}
	resolver, err := l.Laptop.Command(ctx, "cat", "/etc/resolv.conf").Output()
	if err != nil {
		return laptop{}, fmt.Errorf("read resolv.conf of the laptop: %w", err)
	}
	return laptop{links, config + string(resolver)}, nil
}

// compare says what is different now.
func (before laptop) compare(after laptop) error {
	if !slices.Equal(before.links, after.links) {
		return fmt.Errorf("the laptop had the interfaces %q and has %q now", before.links, after.links)
	}
	if before.config != after.config {
		return fmt.Errorf("the laptop's settings were\n%s\nand are\n%s", before.config, after.config)
	}
	return nil
}

// tunnelDevice is the name of the interface that was not there before.
func tunnelDevice(l *lab.Lab, before laptop) (string, error) {
	links, err := l.Laptop.Links()
	if err != nil {
		return "", err
	}
	for _, link := range links {
		if !slices.Contains(before.links, link) {
			return link, nil
		}
	}
	return "", fmt.Errorf("the laptop has no tunnel device: %q", links)
}
