package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// directory is where iproute2 keeps named namespaces, so that "ip netns exec NAME" works on ours.
const directory = "/run/netns"

// Namespace is a network namespace of this process's own. It is safe for concurrent use.
type Namespace struct {
	name   string
	handle netns.NsHandle
	links  *netlink.Handle

	mu     sync.Mutex
	mounts *os.File // own mount namespace, or nil; see IsolateFiles
	closed bool
}

// New makes a network namespace with its loopback interface up. Its name is unique and carries label, which should be short, and
// who owns it, so that RemoveStale can find it when the owner was killed.
func New(label string) (*Namespace, error) {
	owner, err := Self()
	if err != nil {
		return nil, fmt.Errorf("make network namespace: %w", err)
	}
	name, err := reserve(owner, label)
	if err != nil {
		return nil, fmt.Errorf("make network namespace: %w", err)
	}
	n, err := build(name)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make network namespace %s: %w", name, err), removeName(name))
	}
	return n, nil
}

// reserve creates the file that the namespace will be mounted on.
func reserve(owner Owner, label string) (string, error) {
	if err := shareDirectory(); err != nil {
		return "", err
	}
	for number := 1; ; number++ {
		name := owner.namespaceName(label, number)
		file, err := os.OpenFile(filepath.Join(directory, name), os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o444)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return name, file.Close()
	}
}

// shareDirectory makes the directory a shared mount of its own, as iproute2 does (ip/ipnetns.c, netns_add), so that mounts in it do not
// end up below such a mount made later, where they could not be removed. The lock is iproute2's too.
func shareDirectory() error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	lock, err := os.Open(directory)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", directory, err)
	}
	err = unix.Mount("", directory, "", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) {
		return wrap(err, "share "+directory)
	}
	if err := unix.Mount(directory, directory, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s: %w", directory, err)
	}
	return wrap(unix.Mount("", directory, "", unix.MS_SHARED|unix.MS_REC, ""), "share "+directory)
}

func wrap(err error, action string) error {
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

func build(name string) (*Namespace, error) {
	handle, err := unshare(filepath.Join(directory, name))
	if err != nil {
		return nil, err
	}
	links, err := netlink.NewHandleAt(handle)
	if err != nil {
		handle.Close()
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	n := &Namespace{name: name, handle: handle, links: links}
	if err := n.SetUp("lo"); err != nil {
		links.Close()
		handle.Close()
		return nil, err
	}
	return n, nil
}

// unshare makes a namespace and keeps it alive by a mount on path. The thread goes back to where it was.
func unshare(path string) (netns.NsHandle, error) {
	runtime.LockOSThread()
	before, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return netns.None(), fmt.Errorf("open current namespace: %w", err)
	}
	defer before.Close()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return netns.None(), fmt.Errorf("unshare: %w", err)
	}
	handle, err := netns.Get()
	if err == nil {
		if err = unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, ""); err != nil {
			handle.Close()
		}
	}
	if restored := leave(before); restored != nil {
		return netns.None(), restored
	}
	if err != nil {
		return netns.None(), fmt.Errorf("mount on %s: %w", path, err)
	}
	return handle, nil
}

// leave takes the locked thread back. A thread that cannot go back stays locked, so that it ends with its goroutine and nobody else's
// code runs in the wrong namespace.
func leave(before netns.NsHandle) error {
	if err := netns.Set(before); err != nil {
		return fmt.Errorf("leave namespace: %w", err)
	}
	runtime.UnlockOSThread()
	return nil
}

// Name is what "ip netns" calls it.
func (n *Namespace) Name() string { return n.name }

// Path is the file that stands for the namespace until Close.
func (n *Namespace) Path() string { return filepath.Join(directory, n.name) }

// Do calls f on a thread that is in the namespace. Sockets and devices that f makes belong to the namespace for good; goroutines that it
// starts do not run there. f may panic or end its goroutine.
func (n *Namespace) Do(f func() error) (err error) {
	runtime.LockOSThread()
	before, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open current namespace: %w", err)
	}
	defer before.Close()
	if err := netns.Set(n.handle); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter namespace %s: %w", n.name, err)
	}
	defer func() {
		if failed := leave(before); failed != nil {
			err = errors.Join(err, failed)
		}
	}()
	return f()
}

// Close ends the processes that still run in the namespace and removes it. Calling it again does nothing.
func (n *Namespace) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed = true
	errs := []error{endProcesses(n.Path())}
	if n.mounts != nil {
		errs = append(errs, n.mounts.Close())
	}
	n.links.Close()
	errs = append(errs, n.handle.Close(), removeName(n.name))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("remove network namespace %s: %w", n.name, err)
	}
	return nil
}

// removeName takes away the mount, if there is one, and the file below it.
func removeName(name string) error {
	path := filepath.Join(directory, name)
	if err := unix.Unmount(path, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("unmount %s: %w", path, err)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
