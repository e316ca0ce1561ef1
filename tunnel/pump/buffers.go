package pump

// A device's buffers. The offset leaves room for the virtio header that the device puts in front of a packet.
const (
	deviceOffset = 16
	// largestRead holds any packet of a device, whose MTU is bounded by what a transport carries.
	largestRead = 16 << 10
	// largestWrite lets the device merge a run of packets into one of the largest size there is.
	largestWrite = 64 << 10
)

// makeBuffers lays out n buffers in one piece of memory. What is never touched never becomes resident.
func makeBuffers(n, size int) [][]byte {
	stride := deviceOffset + size
	memory := make([]byte, n*stride)
	buffers := make([][]byte, n)
	for i := range buffers {
		buffers[i] = memory[i*stride : (i+1)*stride : (i+1)*stride]
	}
	return buffers
}
