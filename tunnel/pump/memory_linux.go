package pump

import "golang.org/x/sys/unix"

// allocate maps memory of its own, of which only touched pages become resident. Huge pages would make two megabytes of the first byte.
func allocate(size int) (memory []byte, release func()) {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return make([]byte, size), func() {}
	}
	unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // refused by kernels without huge pages, which is as good
	return memory, func() { unix.Munmap(memory) }
}
