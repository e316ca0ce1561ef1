package rtnetlink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"golang.org/x/sys/unix"
)

// maxBatchBytes bounds one write. The kernel works through a whole write before it returns, so this is also what one system
// call may take.
const maxBatchBytes = 32 << 10

// answerTimeout is how long the kernel may take to answer, in seconds. It answers within the system call.
const answerTimeout = 10

// dumpAttempts is how often a listing is begun again because the table changed under it.
const dumpAttempts = 8

var errInterrupted = errors.New("routing table changed while it was read")

// Conn is a connection to the kernel's routing tables in the network namespace where it was dialled.
type Conn struct {
	mu       sync.Mutex
	fd       int
	sequence uint32
	buffer   []byte
}

// Dial opens a connection in the calling thread's network namespace.
func Dial() (*Conn, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	c := &Conn{fd: fd, buffer: make([]byte, 256<<10)}
	if err := c.prepare(); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return c, nil
}

func (c *Conn) prepare() error {
	if err := unix.Bind(c.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("bind netlink socket: %w", err)
	}
	// An acknowledgement repeats the whole request unless told not to. Older kernels do not know the option, which costs
	// only memory.
	_ = unix.SetsockoptInt(c.fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1)
	if err := unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: answerTimeout}); err != nil {
		return fmt.Errorf("set time-out of netlink socket: %w", err)
	}
	return growReceiveBuffer(c.fd)
}

// growReceiveBuffer makes room for the answers to a whole batch: each may be an error. Only root may go beyond the
// system's limit.
func growReceiveBuffer(fd int) error {
	const size = 4 << 20
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) == nil {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, size); err != nil {
		return fmt.Errorf("grow buffer of netlink socket: %w", err)
	}
	return nil
}

// Close ends the connection.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd < 0 {
		return nil
	}
	fd := c.fd
	c.fd = -1
	return unix.Close(fd)
}

// Apply makes the changes in order and returns one error (or nil) for each, or an error if the kernel could not be asked. A
// route that is there already is unix.EEXIST, one that is not there when it is deleted unix.ESRCH.
func (c *Conn) Apply(changes []Change) ([]error, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	results := make([]error, len(changes))
	batch := make([]byte, 0, maxBatchBytes+1024)
	for start := 0; start < len(changes); {
		batch = batch[:0]
		first := c.sequence + 1
		end := start
		for end < len(changes) && len(batch) < maxBatchBytes {
			c.sequence++
			batch = appendChange(batch, changes[end], c.sequence)
			end++
		}
		acknowledgeLast(batch)
		if err := c.exchange(batch, first, results[start:end]); err != nil {
			return nil, fmt.Errorf("change routes: %w", err)
		}
		start = end
	}
	return results, nil
}

// exchange sends a batch and reads the answers. The kernel reports every failure, and acknowledges the last request, which
// it handles last.
func (c *Conn) exchange(batch []byte, first uint32, results []error) error {
	if err := unix.Sendto(c.fd, batch, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	last := first + uint32(len(results)) - 1
	for {
		messages, err := c.receive()
		if err != nil {
			return err
		}
		for message, rest := range each(messages) {
			if message.kind != unix.NLMSG_ERROR || len(rest) < 4 || message.sequence-first > last-first {
				continue
			}
			if code := int32(binary.NativeEndian.Uint32(rest)); code != 0 {
				results[message.sequence-first] = unix.Errno(-code)
			}
			if message.sequence == last {
				return nil
			}
		}
	}
}

// Routes lists the main table's routes of both families.
func (c *Conn) Routes() ([]Route, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var routes []Route
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		list, err := c.dump(family)
		if err != nil {
			return nil, fmt.Errorf("list routes: %w", err)
		}
		routes = append(routes, list...)
	}
	return routes, nil
}

func (c *Conn) dump(family uint8) ([]Route, error) {
	var routes []Route
	var err error
	for range dumpAttempts {
		if routes, err = c.dumpOnce(family); !errors.Is(err, errInterrupted) {
			return routes, err
		}
	}
	return nil, err
}

func (c *Conn) dumpOnce(family uint8) ([]Route, error) {
	c.sequence++
	if err := unix.Sendto(c.fd, appendDump(nil, family, c.sequence), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	var routes []Route
	interrupted := false
	for {
		messages, err := c.receive()
		if err != nil {
			return nil, err
		}
		for message, body := range each(messages) {
			if message.sequence != c.sequence {
				continue
			}
			interrupted = interrupted || message.flags&unix.NLM_F_DUMP_INTR != 0
			switch message.kind {
			case unix.NLMSG_DONE:
				if interrupted {
					return nil, errInterrupted
				}
				return routes, nil
			case unix.NLMSG_ERROR:
				if len(body) >= 4 {
					return nil, unix.Errno(-int32(binary.NativeEndian.Uint32(body)))
				}
			case unix.RTM_NEWROUTE:
				if route, ok := parseRoute(body); ok && route.Table == TableMain {
					routes = append(routes, route)
				}
			}
		}
	}
}

func (c *Conn) receive() ([]byte, error) {
	for {
		n, _, err := unix.Recvfrom(c.fd, c.buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return c.buffer[:n], nil
	}
}

func addrFrom(value []byte) netip.Addr {
	addr, _ := netip.AddrFromSlice(value)
	return addr
}
