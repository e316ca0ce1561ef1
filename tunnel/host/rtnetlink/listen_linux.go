package rtnetlink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Kind says what changed.
type Kind int

// The kinds of event.
const (
	LinkChanged Kind = iota + 1
	AddressChanged
	RouteChanged
	// Lost says that events were lost: anything may have changed.
	Lost
)

// Event is one change in the kernel's network configuration.
type Event struct {
	Kind    Kind
	Link    int   // the interface concerned; of a route, its outgoing one
	Route   Route // of RouteChanged
	Removed bool  // it is gone, rather than new or different
}

// Listener receives events of the network namespace where it was made.
type Listener struct {
	file *os.File
}

// Listen subscribes to changes of links, addresses and routes in the calling thread's network namespace.
func Listen() (*Listener, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	const groups = unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR | unix.RTMGRP_IPV4_ROUTE | unix.RTMGRP_IPV6_ROUTE
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return nil, errors.Join(fmt.Errorf("subscribe to network changes: %w", err), unix.Close(fd))
	}
	if err := growReceiveBuffer(fd); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &Listener{file: os.NewFile(uintptr(fd), "netlink")}, nil
}

// Close ends the subscription, and Run.
func (l *Listener) Close() error { return l.file.Close() }

// Run calls handle for every event, until ctx ends or the listener is closed, and closes it.
func (l *Listener) Run(ctx context.Context, handle func(Event)) error {
	stop := context.AfterFunc(ctx, func() { _ = l.file.Close() })
	defer stop()
	defer l.file.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := l.file.Read(buffer)
		switch {
		case errors.Is(err, os.ErrClosed):
			return nil
		case errors.Is(err, unix.ENOBUFS):
			handle(Event{Kind: Lost})
		case err != nil:
			return fmt.Errorf("listen to network changes: %w", err)
		}
		for message, body := range each(buffer[:max(n, 0)]) {
			if event, ok := parseEvent(message, body); ok {
				handle(event)
			}
		}
	}
}

func parseEvent(message header, body []byte) (Event, bool) {
	removed := message.kind == unix.RTM_DELLINK || message.kind == unix.RTM_DELADDR || message.kind == unix.RTM_DELROUTE
	switch message.kind {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		// struct ifinfomsg: the index is its second word.
		if len(body) >= unix.SizeofIfInfomsg {
			return Event{Kind: LinkChanged, Link: word(body[4:]), Removed: removed}, true
		}
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		// struct ifaddrmsg: the same.
		if len(body) >= unix.SizeofIfAddrmsg {
			return Event{Kind: AddressChanged, Link: word(body[4:]), Removed: removed}, true
		}
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
		if route, ok := parseRoute(body); ok && route.Table == TableMain {
			return Event{Kind: RouteChanged, Link: route.Link, Route: route, Removed: removed}, true
		}
	}
	return Event{}, false
}

func word(b []byte) int { return int(int32(binary.NativeEndian.Uint32(b))) }
