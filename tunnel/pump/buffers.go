package pump

// A device's buffers. The offset leaves room for the virtio header that the device puts in front of a packet.
const (
	deviceOffset = 16
	// largestRead holds any packet of a device, whose MTU is bounded by what a transport carries.
	largestRead = 16 << 10
	// largestWrite lets the device merge a run of packets into one of the largest size there is.
	largestWrite = 64 << 10
)

// buffers are equal pieces of one memory, which is given back to the system as a whole. Were it left to the garbage collector, it would be
// cleared for the next connection, and so become resident to the last page.
type buffers struct {
	each    [][]byte
	release func() // to be called when nothing uses them any more
}

// makeBuffers lays out n buffers. What is never touched never becomes resident.
func makeBuffers(n, size int) buffers {
	stride := deviceOffset + size
	memory, release := allocate(n * stride)
	b := buffers{each: make([][]byte, n), release: release}
	for i := range b.each {
		begin := i * stride
		b.each[i] = memory[begin : begin+stride : begin+stride]
	}
	return b
}
