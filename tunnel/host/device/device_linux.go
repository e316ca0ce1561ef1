package device

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/tun"
)

const clonePath = "/dev/net/tun"

// aliasPrefix begins the alias of our interfaces; the process that owns one follows.
const aliasPrefix = "footbridge tunnel of process "

// addrGenModeNone keeps the kernel from giving the device a link-local address, which would send router solicitations
// into the tunnel (IN6_ADDR_GEN_MODE_NONE).
const addrGenModeNone = 1

// Create makes a TUN device with segmentation offloads, down and without addresses, in the calling thread's network
// namespace. Its name is the wish, or the next free one. The device goes when it is closed, or the process ends.
func Create(wish string, mtu int) (Device, netlink.Link, error) {
	for _, name := range candidates(wish) {
		file, err := open(name)
		if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EEXIST) {
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("create network device %s: %w", name, err)
		}
		device, err := tun.CreateTUNFromFile(file, mtu)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("create network device %s: %w", name, err), file.Close())
		}
		link, err := prepare(name)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("prepare network device %s: %w", name, err), device.Close())
		}
		return device, link, nil
	}
	return nil, nil, fmt.Errorf("create network device: no free name like %q", wish)
}

// open makes the interface. It never attaches to one that is there already (IFF_TUN_EXCL).
func open(name string) (*os.File, error) {
	fd, err := unix.Open(clonePath, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", clonePath, err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR | unix.IFF_TUN_EXCL)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), clonePath), nil
}

func prepare(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, err
	}
	if err := netlink.LinkSetAlias(link, aliasPrefix+strconv.Itoa(os.Getpid())); err != nil {
		return nil, fmt.Errorf("set alias: %w", err)
	}
	allowIPv6(name)
	// Without IPv6 in the kernel there is nothing to keep quiet.
	_ = netlink.LinkSetIP6AddrGenMode(link, addrGenModeNone)
	return link, nil
}

// allowIPv6 turns IPv6 on for the device, also where the administrator turned it off for new interfaces: a tunnel with IPv6
// inside needs it, and one without sends none.
func allowIPv6(name string) {
	_ = os.WriteFile(filepath.Join("/proc/sys/net/ipv6/conf", name, "disable_ipv6"), []byte("0"), 0)
}

// IsOurs reports whether a link is a tunnel device that this program made, in this process or another.
func IsOurs(link netlink.Link) bool {
	return link.Type() == "tuntap" && strings.HasPrefix(link.Attrs().Alias, aliasPrefix)
}

// IsOrphan reports whether a link is a tunnel device of ours that no process uses any more. We make none that outlives its
// last user, so there is one only where something made it persistent.
func IsOrphan(link netlink.Link) bool {
	tuntap, ok := link.(*netlink.Tuntap)
	if !ok || !IsOurs(link) || tuntap.NonPersist {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimPrefix(link.Attrs().Alias, aliasPrefix))
	if err != nil {
		return true
	}
	return errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}
