package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFrameLength says that a stream is not, or no longer, a sequence of packets. Nothing after it can be
// trusted: the connection must be closed.
var ErrFrameLength = errors.New("stream has an impossible packet length")

// Split appends to frames the packets that buf, bytes from a stream, holds complete, without their length prefixes,
// and returns the bytes of an unfinished packet as rest. Everything returned aliases buf. max bounds a packet in
// bytes; 0 bounds it to what the prefix can say. On ErrFrameLength the packets before the fault are still returned
// (OpenVPN draft, "TCP framing").
func Split(frames [][]byte, buf []byte, max int) (packets [][]byte, rest []byte, err error) {
	for len(buf) >= 2 {
		size := int(binary.BigEndian.Uint16(buf))
		if size == 0 || max > 0 && size > max {
			return frames, nil, fmt.Errorf("split stream: %w: %d", ErrFrameLength, size)
		}
		if len(buf) < 2+size {
			break
		}
		frames = append(frames, buf[2:2+size:2+size])
		buf = buf[2+size:]
	}
	return frames, buf, nil
}
